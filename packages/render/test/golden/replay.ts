import { shippedRuntimes, shippedStorageContainers } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { isSeen } from '../../src/observe/deployment-state.ts'
import type { Case, Profile, Snapshot } from './cases.ts'
import { type Difference, differences } from './difference.ts'
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
import { objectForm, podObjectForm } from './normal-form.ts'
import { statusForm } from './status-form.ts'

/** What KServe installs, and so what the cases were recorded with. */
const base: readonly KubeObject[] = [
  ...shippedRuntimes.filter((runtime) => runtime.metadata.name?.startsWith('kserve-')),
  ...shippedStorageContainers,
] as unknown as KubeObject[]

/** Plays a case against the renderer and says in what the two sides differ. */
export function replay(test: Case, profile: Profile): Difference[] {
  const cluster = startCluster(test, profile, base)
  const found: Difference[] = []
  const seenPods = new Map<string, unknown>()
  for (const [index, object] of test.input.entries()) {
    const refusal = test.error && (test.error.inputIndex ?? 0) === index ? test.error : undefined
    const outcome = create(cluster, object)
    const said = wasRefused(outcome, refusal)
    if (said)
      return [{ path: `refusal ${index}`, theirs: refusal?.message, ours: outcome.ok ? undefined : outcome.message }]
    if (refusal) return []
  }
  converge(cluster)
  found.push(...compare('', cluster, test.expect, test, seenPods))
  for (const [index, step] of (test.steps ?? []).entries()) {
    let isRefused = false
    for (const action of step.actions) {
      const outcome = act(cluster, action)
      if (outcome.ok) {
        converge(cluster)
        continue
      }
      isRefused = true
      if (!step.error) found.push({ path: `step ${index} refusal`, theirs: undefined, ours: outcome.message })
    }
    if (step.error && !isRefused)
      found.push({ path: `step ${index} refusal`, theirs: step.error.message, ours: undefined })
    converge(cluster)
    found.push(...compare(`step ${index} `, cluster, step.expect, test, seenPods))
  }
  return found
}

/** Marks that rules may ask for: the renderer refused something; a child's controller has not seen its newest spec. */
function marks(cluster: MemoryCluster): string {
  const isRefused = [...cluster.results.values()].some((result) => !result.ok)
  const isUnseen = [...cluster.children.values()].some((child) => child['status'] !== undefined && !isSeen(child))
  return `${isRefused ? 'refused ' : ''}${isUnseen ? 'unseen ' : ''}`
}

function compare(
  at: string,
  cluster: MemoryCluster,
  expected: Snapshot | undefined,
  test: Case,
  seenPods: Map<string, unknown>,
): Difference[] {
  if (!expected) return []
  const found: Difference[] = []
  const prefix = `${at}${marks(cluster)}`
  if (!cluster.isQuiet) found.push({ path: `${prefix}rest`, theirs: undefined, ours: 'does not come to rest' })
  const theirs = expected.objects ?? {}
  const ours = new Map([...cluster.children.values()].map((object) => [keyOf(object), object]))
  for (const key of [...new Set([...Object.keys(theirs), ...ours.keys()])].sort()) {
    const [left, right] = [theirs[key], ours.get(key)]
    if (!left || !right) found.push({ path: `${prefix}object ${key}`, theirs: left && 'there', ours: right && 'there' })
    else found.push(...differences(`${prefix}object ${key} |`, objectForm(left), objectForm(right)))
  }
  found.push(...comparePods(prefix, cluster, expected, test, seenPods))
  for (const [key, primary] of Object.entries(expected.primary ?? {})) {
    const own = cluster.objects.find((object) => `${object.kind}/${object.metadata.name}` === key)
    found.push(...differences(`${prefix}status ${key} |`, statusForm(primary), own ? statusForm(own) : undefined))
  }
  return found
}

function comparePods(
  prefix: string,
  cluster: MemoryCluster,
  expected: Snapshot,
  test: Case,
  seenPods: Map<string, unknown>,
): Difference[] {
  if (test.options?.pods === false) return []
  const found: Difference[] = []
  for (const [key, pod] of Object.entries(expected.pods ?? {})) seenPods.set(key, pod)
  for (const [key, pod] of seenPods) {
    const workload = cluster.children.get(key)
    if (!workload || !(expected.objects ?? {})[key]) continue
    const own = finalPod(cluster, workload, test.options?.queueProxy ?? false)
    const [theirError, ourError] = [Object(pod).error, Object(own).error]
    if (theirError || ourError) {
      if (!theirError || !ourError)
        found.push({ path: `${prefix}pod ${key} error`, theirs: theirError, ours: ourError })
      continue
    }
    found.push(...differences(`${prefix}pod ${key} |`, podObjectForm(pod), podObjectForm(own)))
  }
  return found
}
