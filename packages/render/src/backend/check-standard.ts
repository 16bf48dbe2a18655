import type { Problem } from '../decision.ts'
import { appLabel, headServiceName, workerAppLabel, workersServiceName } from '../names.ts'
import type { Owner, Plan, Workload } from '../plan.ts'
import { autoscalerClass } from './hpa.ts'

const nameLengthMax = 63

/** What Kubernetes or an autoscaler would refuse of a workload in Standard mode. */
export function checkStandard(workload: Workload): Problem | undefined {
  const field = workload.component === 'router' ? 'spec' : `spec.${workload.component}`
  const { deploymentStrategy, autoScaling } = workload.deploying
  if (workload.pod.activeDeadlineSeconds !== undefined) {
    return problem(
      'InvalidPod',
      'activeDeadlineSeconds is for pods that end, and a Deployment starts them again: remove it.',
      `${field}.activeDeadlineSeconds`,
    )
  }
  const { type = 'RollingUpdate', rollingUpdate } = deploymentStrategy ?? {}
  if (type !== 'RollingUpdate' && type !== 'Recreate') {
    return problem(
      'InvalidStrategy',
      `deploymentStrategy.type is "${type}": write RollingUpdate or Recreate.`,
      `${field}.deploymentStrategy.type`,
    )
  }
  if (type === 'Recreate' && rollingUpdate) {
    return problem(
      'InvalidStrategy',
      'deploymentStrategy has rollingUpdate, but its type is Recreate: remove one of them.',
      `${field}.deploymentStrategy`,
    )
  }
  if (
    [rollingUpdate?.maxSurge, rollingUpdate?.maxUnavailable].every((amount) => amount !== undefined && isNone(amount))
  ) {
    return problem(
      'InvalidStrategy',
      'deploymentStrategy lets no pod be added (maxSurge) and none go away (maxUnavailable): allow one of them.',
      `${field}.deploymentStrategy.rollingUpdate`,
    )
  }
  if (autoscalerClass(workload) === 'keda' && !autoScaling?.metrics?.length) {
    return problem(
      'InvalidScaling',
      `autoscalerClass "keda" needs metrics to scale by: add them to ${field}.autoScaling.metrics, or use another class.`,
      `${field}.autoScaling.metrics`,
    )
  }
  return undefined
}

function isNone(amount: number | string): boolean {
  return /^0+%?$/.test(String(amount))
}

/** Names of Services, and labels with names in them, have at most 63 characters. */
export function checkNames(plan: Plan, mode: string): Problem | undefined {
  const { owner, workloads } = plan
  const names = [owner.name, ...workloads.flatMap((workload) => namesOf(workload, owner, mode))]
  const longest = names.reduce((a, b) => (b.length > a.length ? b : a))
  if (longest.length <= nameLengthMax) return undefined
  const most = nameLengthMax - (longest.length - owner.name.length)
  return problem(
    'NameTooLong',
    `"${longest}" would have ${longest.length} characters, and Kubernetes allows ${nameLengthMax}: choose a name of at most ${most} characters.`,
    'metadata.name',
  )
}

function namesOf(workload: Workload, owner: Owner, mode: string): readonly string[] {
  if (mode === 'Knative') return [workload.name]
  if (!workload.worker) return [appLabel(workload.name)]
  return [
    workerAppLabel(workload.name),
    headServiceName(workload.name, owner.generation),
    workersServiceName(workload.name, owner.generation),
  ]
}

function problem(reason: string, message: string, path: string): Problem {
  return { reason, message, path, condition: 'PredictorReady' }
}
