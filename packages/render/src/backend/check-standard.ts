import type { Problem } from '../decision.ts'
import type { Workload } from '../plan.ts'
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
  if (autoscalerClass(workload) === 'keda' && !autoScaling?.metrics?.length) {
    return problem(
      'InvalidScaling',
      `autoscalerClass "keda" needs metrics to scale by: add them to ${field}.autoScaling.metrics, or use another class.`,
      `${field}.autoScaling.metrics`,
    )
  }
  return undefined
}

/** Names of Services, and labels with the service's name, have at most 63 characters. */
export function checkNames(service: string, names: readonly string[]): Problem | undefined {
  const long = [service, ...names].find((name) => name.length > nameLengthMax)
  if (long === undefined) return undefined
  const most = nameLengthMax - (long.length - service.length)
  return problem(
    'NameTooLong',
    `"${long}" would have ${long.length} characters, and Kubernetes allows ${nameLengthMax}: choose a name of at most ${most} characters.`,
    'metadata.name',
  )
}

function problem(reason: string, message: string, path: string): Problem {
  return { reason, message, path, condition: 'PredictorReady' }
}
