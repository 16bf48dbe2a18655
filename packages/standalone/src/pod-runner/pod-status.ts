import { type ContainerStatus, isTerminalPhase, type Pod, type PodCondition, type PodStatus } from './pod.ts'
import { incompleteInit, podPhase, qosClass } from './pod-phase.ts'

/** What the pod runner knows about a pod at one moment. */
export interface PodFacts {
  readonly pod: Pod
  readonly init: readonly ContainerStatus[]
  readonly main: readonly ContainerStatus[]
  readonly hostIP: string
  readonly podIP: string | undefined
  readonly startTime: string
  /** Volumes are in place and the address is taken. */
  readonly isPrepared: boolean
  /** Why it is not prepared, when something is in the way. */
  readonly obstacle: string | undefined
  /** No container will be started again. */
  readonly isOver: boolean
  /** Why the pod as a whole was ended, for example `DeadlineExceeded`. */
  readonly failure: { readonly reason: string; readonly message: string } | undefined
}

/**
 * The status to write. Conditions of others (readiness gates among them) are kept, ours are renewed; a condition keeps
 * its transition time while its status stays. `now` is RFC 3339.
 */
export function podStatus(facts: PodFacts, previous: PodStatus | undefined, now: string): PodStatus {
  const { pod, init, main, podIP, hostIP, failure } = facts
  const phase = failure && facts.isOver ? 'Failed' : podPhase(pod, init, main, facts.isOver)
  const claims = ourConditions(facts, previous, isTerminalPhase(phase))
  const generation = pod.metadata.generation
  return {
    ...(generation !== undefined && { observedGeneration: generation }),
    phase,
    ...(failure && { reason: failure.reason, message: failure.message }),
    conditions: mergeConditions(previous?.conditions ?? [], claims, now, generation),
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(podIP !== undefined && { podIP, podIPs: [{ ip: podIP }] }),
    startTime: facts.startTime,
    qosClass: qosClass(pod),
    ...(init.length > 0 && { initContainerStatuses: [...init] }),
    containerStatuses: [...main],
  }
}

type Claim = Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>

function ourConditions(facts: PodFacts, previous: PodStatus | undefined, isTerminal: boolean): Claim[] {
  const containersReady = containersReadyClaim(facts, isTerminal)
  return [
    facts.isPrepared && !isTerminal
      ? { type: 'PodReadyToStartContainers', status: 'True' }
      : { type: 'PodReadyToStartContainers', status: 'False', ...(facts.obstacle && { message: facts.obstacle }) },
    initializedClaim(facts),
    containersReady,
    readyClaim(facts, containersReady, previous),
    { type: 'PodScheduled', status: 'True' },
  ]
}

function initializedClaim({ pod, init, main }: PodFacts): Claim {
  const incomplete = incompleteInit(pod, init)
  const type = 'Initialized'
  if (main.length > 0 && main.every((status) => status.state.terminated?.exitCode === 0)) {
    return { type, status: 'True', reason: 'PodCompleted' }
  }
  // Once the main containers run, a sidecar that restarts does not make the pod uninitialised.
  if (incomplete.length === 0 || main.some((status) => status.state.running)) return { type, status: 'True' }
  const message = `containers with incomplete status: [${incomplete.join(' ')}]`
  return { type, status: 'False', reason: 'ContainersNotInitialized', message }
}

function containersReadyClaim({ pod, init, main }: PodFacts, isTerminal: boolean): Claim {
  const type = 'ContainersReady'
  const sidecars = init.filter((_, index) => pod.spec.initContainers?.[index]?.restartPolicy === 'Always')
  const unready = [...sidecars, ...main].filter((status) => !status.ready).map((status) => status.name)
  if (isTerminal) {
    const isComplete = main.every((status) => status.state.terminated?.exitCode === 0)
    return { type, status: 'False', reason: isComplete ? 'PodCompleted' : 'PodFailed' }
  }
  if (unready.length === 0) return { type, status: 'True' }
  const message = `containers with unready status: [${unready.join(' ')}]`
  return { type, status: 'False', reason: 'ContainersNotReady', message }
}

function readyClaim({ pod }: PodFacts, containersReady: Claim, previous: PodStatus | undefined): Claim {
  if (containersReady.status !== 'True') return { ...containersReady, type: 'Ready' }
  const missing = (pod.spec.readinessGates ?? [])
    .map((gate) => gate.conditionType)
    .filter((type) => previous?.conditions?.find((condition) => condition.type === type)?.status !== 'True')
  if (missing.length === 0) return { type: 'Ready', status: 'True' }
  const message = `readiness gates that are not True: [${missing.join(' ')}]`
  return { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message }
}

/** Puts `claims` into `existing`, by type. Others' conditions stay as they are and where they are. */
export function mergeConditions(
  existing: readonly PodCondition[],
  claims: readonly Claim[],
  now: string,
  observedGeneration?: number,
): PodCondition[] {
  const types = new Set(claims.map((claim) => claim.type))
  const renewed = claims.map((claim): PodCondition => {
    const before = existing.find((condition) => condition.type === claim.type)
    const isSame = before !== undefined && before.status === claim.status
    return {
      ...claim,
      lastProbeTime: null,
      lastTransitionTime: (isSame && before.lastTransitionTime) || now,
      ...(observedGeneration !== undefined && { observedGeneration }),
    }
  })
  return [...renewed, ...existing.filter((condition) => !types.has(condition.type))]
}
