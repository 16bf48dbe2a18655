import type { KubeObject } from '@millrace/kube'
import { labelKeys } from '../keys.ts'
import { appLabel } from '../names.ts'
import type { Owner, Workload } from '../plan.ts'
import { child } from './child.ts'
import { deploymentLabels } from './deployment.ts'

/** Where two pods or more are promised, drains take them one at a time. With one pod a budget would only block drains. */
export function disruptionBudget(owner: Owner, workload: Workload): KubeObject | undefined {
  if ((workload.deploying.minReplicas ?? 1) < 2 || workload.worker) return undefined
  return child(
    owner,
    'policy/v1',
    'PodDisruptionBudget',
    { name: workload.name, labels: deploymentLabels(workload) },
    {
      spec: { maxUnavailable: 1, selector: { matchLabels: { [labelKeys.app]: appLabel(workload.name) } } },
    },
  )
}
