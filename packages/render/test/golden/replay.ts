import { isDeepStrictEqual } from 'node:util'
import { shippedRuntimes, shippedStorageContainers } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { isStopped } from '../../src/service/effective-service.ts'
import type { Action, Case, Profile, Snapshot } from './cases.ts'
import { type Difference, differences, type Mark } from './difference.ts'
import {
  act,
  converge,
  create,
  finalPod,
  keyOf,
  type MemoryCluster,
  startCluster,
  wasRefused,
} from './memory-cluster.ts'
import { isLeftBehind } from './left-behind.ts'
import { serviceMarks } from './marks.ts'
import { objectForm, podObjectForm } from './normal-form.ts'
import { ownerOf } from './owners.ts'
import { statusForm } from './status-form.ts'

/** What KServe installs, and so what the cases were recorded with. */
export const installed: readonly KubeObject[] = [
  ...shippedRuntimes.filter((runtime) => runtime.metadata.name?.startsWith('kserve-')),
  ...shippedStorageContainers,
] as unknown as KubeObject[]

interface Replay {
  readonly test: Case
  readonly cluster: MemoryCluster
  /** Pods are recorded where they changed: the last ones stay valid. */
  readonly pods: Map<string, unknown>
  readonly standing: Set<Mark>
  /** KServe's objects as they were in the snapshot before. */
  before: Readonly<Record<string, KubeObject>>
  /** Children that the renderer has made so far. */
  readonly made: Set<string>
  /** What KServe has left behind, and nobody has made anew. */
  readonly left: Set<string>
  /** Services that have been stopped so far. */
  readonly stopped: Set<string>
  /** Pods have said something since the last change that KServe looks at. */
  hasPodNews: boolean
  /** Services that KServe has not been called to look at since the configuration changed. */
  readonly configNews: Set<string>
  /** What the last action was about: `TrainedModel/a`. */
  lastTarget: string
}

/** Plays a case against the renderer and says in what the two sides differ. */
export function replay(test: Case, profile: Profile): Difference[] {
  const cluster = startCluster(test, profile, installed)
  const standing = new Set<Mark>(lacksAutoscalerConfig(profile) ? ['no-autoscaler-config'] : [])
  const state: Replay = {
    test,
    cluster,
    pods: new Map(),
    standing,
    before: {},
    made: new Set(),
    left: new Set(),
    stopped: new Set(),
    hasPodNews: false,
    configNews: new Set(),
    lastTarget: '',
  }
  for (const [index, object] of test.input.entries()) {
    const refusal = test.error && (test.error.inputIndex ?? 0) === index ? test.error : undefined
    state.lastTarget = ownerOf(object)
    const outcome = create(cluster, object)
    if (wasRefused(outcome, refusal)) return [refusalDifference(`refusal ${index}`, refusal?.message, outcome, [])]
    if (refusal) return []
  }
  converge(cluster)
  const found = compare('', state, test.expect)
  for (const [index, step] of (test.steps ?? []).entries()) {
    cluster.seconds += 1
    let refused: { readonly ok: false; readonly message: string } | undefined
    for (const action of step.actions) {
      if (action.do === 'crds') standing.add('installed')
      state.hasPodNews = action.do === 'podStatus'
      noteTarget(state, action)
      const outcome = act(cluster, action)
      if (outcome.ok) converge(cluster)
      else refused = outcome
    }
    if ((step.error === undefined) !== (refused === undefined)) {
      // From here on the two clusters hold different objects.
      return [
        ...found,
        refusalDifference(`step ${index} refusal`, step.error?.message, refused ?? { ok: true }, [...standing]),
      ]
    }
    converge(cluster)
    found.push(...compare(`step ${index} `, state, step.expect))
  }
  return found
}

/** KServe looks at the service that an action is about, or whose child it is. */
function noteTarget(state: Replay, action: Action): void {
  const { cluster, configNews } = state
  state.lastTarget = action.object ? ownerOf(action.object) : `${action.kind}/${action.name}`
  if (action.do === 'config') {
    for (const { kind, metadata } of cluster.objects) configNews.add(`${kind}/${metadata.name}`)
    return
  }
  if (action.do === 'restart') configNews.clear()
  configNews.delete(state.lastTarget)
  const child = [...cluster.children.values()].find(
    ({ kind, metadata }) => kind === action.kind && metadata.name === action.name,
  )
  if (child) configNews.delete(ownerOf(child))
}

function lacksAutoscalerConfig(profile: Profile): boolean {
  return profile.knativeConfig !== undefined && !('config-autoscaler' in profile.knativeConfig)
}

function refusalDifference(
  path: string,
  theirs: string | undefined,
  outcome: ReturnType<typeof act>,
  marks: readonly Mark[],
): Difference {
  return { path, theirs, ours: outcome.ok ? undefined : outcome.message, marks }
}

function marksOf(
  { cluster, standing, stopped, hasPodNews, configNews, lastTarget }: Replay,
  expected: Snapshot,
  id: string,
): readonly Mark[] {
  return [
    ...standing,
    ...serviceMarks({
      id,
      cluster,
      expected,
      wasStopped: stopped.has(id),
      hasPodNews,
      hasConfigNews: configNews.has(id),
      lastTarget,
    }),
  ]
}

/** Of an object that nobody owns: what holds for any of the services. */
function objectMarks(state: Replay, expected: Snapshot, object: KubeObject): readonly Mark[] {
  const owners = object.metadata.ownerReferences ? [ownerOf(object)] : Object.keys(expected.primary ?? {})
  return owners.flatMap((owner) => marksOf(state, expected, owner))
}

function compare(at: string, state: Replay, expected: Snapshot | undefined): Difference[] {
  if (!expected) return []
  const { cluster } = state
  const found: Difference[] = []
  if (!cluster.isQuiet) found.push({ path: `${at}rest`, theirs: undefined, ours: 'does not come to rest', marks: [] })
  for (const { kind, metadata } of cluster.objects.filter((object) => isStopped(object.metadata.annotations ?? {})))
    state.stopped.add(`${kind}/${metadata.name}`)
  const theirs = expected.objects ?? {}
  const ours = new Map([...cluster.children.values()].map((object) => [keyOf(object), object]))
  for (const key of [...new Set([...Object.keys(theirs), ...ours.keys()])].sort()) {
    const [left, right] = [theirs[key], ours.get(key)]
    const path = `${at}object ${key}`
    const either = left ?? right
    const marks = either ? objectMarks(state, expected, either) : []
    const isLeft = left && !right && (state.left.has(key) || (state.made.has(key) && isLeftBehind(left, cluster)))
    if (isLeft) state.left.add(key)
    else state.left.delete(key)
    const known: readonly Mark[] = isLeft ? [...marks, 'left behind'] : marks
    if (!left || !right) found.push({ path, theirs: left && 'there', ours: right && 'there', marks: known })
    if (right) state.made.add(key)
    if (!left || !right) continue
    const old = state.before[key]
    const isSame = old && isDeepStrictEqual(labelsOf(old), labelsOf(left))
    found.push(
      ...differences(`${path} |`, objectForm(left), objectForm(right), isSame ? [...marks, 'as before'] : marks),
    )
  }
  state.before = theirs
  found.push(...comparePods(at, state, expected))
  for (const [key, primary] of Object.entries(expected.primary ?? {})) {
    const own = cluster.objects.find((object) => `${object.kind}/${object.metadata.name}` === key)
    const marks = marksOf(state, expected, key)
    found.push(...differences(`${at}status ${key} |`, statusForm(primary), own ? statusForm(own) : undefined, marks))
  }
  return found
}

function labelsOf({ metadata }: KubeObject): unknown {
  return [metadata.labels ?? {}, metadata.annotations ?? {}]
}

function comparePods(at: string, state: Replay, expected: Snapshot): Difference[] {
  const { cluster, test, pods } = state
  if (test.options?.pods === false) return []
  const found: Difference[] = []
  for (const [key, pod] of Object.entries(expected.pods ?? {})) pods.set(key, pod)
  for (const [key, pod] of pods) {
    const workload = cluster.children.get(key)
    if (!workload || !expected.objects?.[key]) continue
    const own = finalPod(cluster, workload, test.options?.queueProxy ?? false)
    const marks = marksOf(state, expected, ownerOf(workload))
    const [theirError, ourError] = [Object(pod).error, Object(own).error]
    if (theirError || ourError) {
      if (!isAboutCluster(theirError) && (!theirError || !ourError))
        found.push({ path: `${at}pod ${key} error`, theirs: theirError, ours: ourError, marks })
      continue
    }
    found.push(...differences(`${at}pod ${key} |`, podObjectForm(pod), podObjectForm(own), marks))
  }
  return found
}

/**
 * The API server refuses a pod for what else is in the cluster, or for the name of its revision (Knative would have
 * shortened it), which are no matter of the pod's.
 */
function isAboutCluster(error: unknown): boolean {
  return /RuntimeClass|PriorityClass|-00001\W+ must be no more than 63/.test(String(Object(error).message))
}
