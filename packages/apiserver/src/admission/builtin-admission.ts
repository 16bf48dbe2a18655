import type { KubeObject } from '@millrace/kube'
import { forbidden } from '../http/api-error.ts'
import type { Store } from '../store/store.ts'
import type { Admission } from './admission.ts'

interface Toleration {
  readonly key?: string
  readonly operator?: string
  readonly effect?: string
  readonly tolerationSeconds?: number
}

interface Pod extends KubeObject {
  readonly spec?: {
    readonly tolerations?: readonly Toleration[]
    readonly priorityClassName?: string
    readonly priority?: number
    readonly serviceAccountName?: string
    readonly serviceAccount?: string
  }
}

const outageTolerationSeconds = 300
const outageTaints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'] as const

/** The plug-ins of kube-apiserver that complete every pod: ServiceAccount, Priority, DefaultTolerationSeconds. */
export function builtinAdmission(store: Store): Admission {
  return {
    mutate: async (review, object) => {
      const isNewPod = review.request.resource.bucket === 'pods' && review.operation === 'CREATE' && !review.subresource
      return object && isNewPod ? { ...object, ...completePod(store, object as Pod) } : object
    },
    validate: () => Promise.resolve(),
  }
}

function completePod(store: Store, pod: Pod): Pod {
  const serviceAccountName = pod.spec?.serviceAccountName || 'default'
  checkAccountExists(store, pod, serviceAccountName)
  const accounts = { serviceAccountName, serviceAccount: serviceAccountName }
  const priority = priorityOf(store, pod)
  const given = pod.spec?.priority
  if (given !== undefined && given !== priority.priority) {
    const computed = `priority admission controller computed ${priority.priority} from the given PriorityClass name`
    throw refused(pod, `the integer value of priority (${given}) must not be provided in pod spec; ${computed}`)
  }
  return { ...pod, spec: { ...pod.spec, ...accounts, ...priority, tolerations: tolerationsOf(pod) } }
}

/** The account of a new namespace comes a moment after it: only others must be there already. */
function checkAccountExists(store: Store, pod: Pod, name: string): void {
  const { namespace = '' } = pod.metadata
  if (name === 'default' || store.get('serviceaccounts', `${namespace}/${name}`)) return
  throw refused(pod, `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`)
}

function refused({ metadata }: Pod, why: string): Error {
  return forbidden({ group: '', plural: 'pods' }, metadata.name ?? '', why)
}

function tolerationsOf({ spec }: Pod): readonly Toleration[] {
  const present = spec?.tolerations ?? []
  const isTolerated = (key: string): boolean =>
    present.some((item) => (!item.key || item.key === key) && (!item.effect || item.effect === 'NoExecute'))
  const missing = outageTaints.filter((key) => !isTolerated(key))
  const added = missing.map((key) => ({
    key,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: outageTolerationSeconds,
  }))
  return [...present, ...added]
}

interface PriorityClass extends KubeObject {
  readonly value?: number
  readonly globalDefault?: boolean
  readonly preemptionPolicy?: string
}

const bucket = 'priorityclasses.scheduling.k8s.io'
const systemClasses: ReadonlyMap<string, number> = new Map([
  ['system-cluster-critical', 2_000_000_000],
  ['system-node-critical', 2_000_001_000],
])

interface PodPriority {
  readonly priority: number
  readonly preemptionPolicy: string
  readonly priorityClassName?: string
}

function priorityOf(store: Store, pod: Pod): PodPriority {
  const { spec } = pod
  const name = spec?.priorityClassName
  const preemptionPolicy = 'PreemptLowerPriority'
  if (!name) {
    const all = store.list(bucket).entries.map(({ value }) => JSON.parse(value) as PriorityClass)
    const chosen = all.find(({ globalDefault }) => globalDefault)
    if (!chosen) return { priority: 0, preemptionPolicy }
    const priorityClassName = chosen.metadata.name ?? ''
    return {
      priorityClassName,
      priority: chosen.value ?? 0,
      preemptionPolicy: chosen.preemptionPolicy ?? preemptionPolicy,
    }
  }
  const system = systemClasses.get(name)
  if (system !== undefined) return { priority: system, preemptionPolicy }
  const entry = store.get(bucket, name)
  if (!entry) throw refused(pod, `no PriorityClass with name ${name} was found`)
  const found = JSON.parse(entry.value) as PriorityClass
  return { priority: found.value ?? 0, preemptionPolicy: found.preemptionPolicy ?? preemptionPolicy }
}
