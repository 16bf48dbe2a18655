import type { PodSpec } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { containerNames, httpPort, labelKeys, userKeys } from '../keys.ts'
import { appLabel, workerAppLabel } from '../names.ts'
import type { Owner, Workload } from '../plan.ts'
import type { PodTemplate, StringMap } from '../pod/shape.ts'
import type { Settings } from '../settings.ts'
import { child } from './child.ts'
import { progressDeadlineSeconds, progressDeadlineSecondsDefault } from './progress-deadline.ts'

/** What a Deployment's pods start from: the workload's pod with the probe that its server needs. */
export function podTemplate(workload: Workload, owner: Owner): PodTemplate {
  const labels = deploymentLabels(workload)
  return {
    metadata: { name: workload.name, namespace: owner.namespace, labels, annotations: workload.annotations },
    spec: withGrace(withServerDefaults(workload.pod), workload),
  }
}

/** As `podTemplate`, for the worker pods of a multi-node predictor. */
export function workerTemplate(workload: Workload, owner: Owner): PodTemplate | undefined {
  const { worker } = workload
  if (!worker) return undefined
  const labels = { ...worker.labels, [labelKeys.app]: workerAppLabel(workload.name) }
  const metadata = { name: worker.name, namespace: owner.namespace, labels, annotations: worker.annotations }
  return { metadata, spec: withGrace(withServerDefaults(worker.pod), workload) }
}

export function deploymentLabels(workload: Workload): StringMap {
  return { ...workload.labels, [labelKeys.app]: appLabel(workload.name) }
}

export function deployment(owner: Owner, workload: Workload, pod: PodTemplate, settings: Settings): KubeObject {
  const replicas = fixedReplicas(workload)
  return child(
    owner,
    'apps/v1',
    'Deployment',
    { name: workload.name, labels: deploymentLabels(workload), annotations: workload.annotations },
    {
      spec: {
        ...(replicas === undefined ? {} : { replicas }),
        selector: { matchLabels: { [labelKeys.app]: appLabel(workload.name) } },
        ...rollout(workload, settings),
        template: { metadata: templateMetadata(pod), spec: pod.spec },
      },
    },
  )
}

/** A worker set comes up whole beside the old one before that goes: half a set serves nothing. */
export function workerDeployment(owner: Owner, workload: Workload, pod: PodTemplate, settings: Settings): KubeObject {
  const name = workload.worker?.name ?? ''
  const { strategy, ...rest } = rollout(workload, settings)
  const isRolling = strategy.type === undefined || strategy.type === 'RollingUpdate'
  return child(
    owner,
    'apps/v1',
    'Deployment',
    { name, labels: pod.metadata.labels, annotations: workload.worker?.annotations ?? {} },
    {
      spec: {
        replicas: workload.worker?.replicas ?? 0,
        selector: { matchLabels: { [labelKeys.app]: workerAppLabel(workload.name) } },
        ...rest,
        strategy: isRolling
          ? { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '0%', maxSurge: '100%' } }
          : strategy,
        template: { metadata: templateMetadata(pod), spec: pod.spec },
      },
    },
  )
}

function templateMetadata(pod: PodTemplate) {
  const { labels, annotations } = pod.metadata
  return { labels: { ...labels }, annotations: { ...annotations } }
}

/** Replicas belong to the autoscaler; without one they are the user's. */
function fixedReplicas(workload: Workload): number | undefined {
  return workload.annotations[userKeys.autoscalerClass] === 'none' ? workload.deploying.minReplicas : undefined
}

function rollout(workload: Workload, settings: Settings) {
  const { deploymentStrategy } = workload.deploying
  const seconds = progressDeadlineSeconds(workload.annotations)
  const given = seconds === undefined ? {} : { progressDeadlineSeconds: seconds }
  if (deploymentStrategy) return { strategy: withAmounts(deploymentStrategy), ...given }
  const { defaultDeploymentMode, deploymentRolloutStrategy } = settings.deploy
  const isDefaultMode = defaultDeploymentMode === 'Standard'
  const cluster = isDefaultMode ? deploymentRolloutStrategy?.defaultRollout : undefined
  return {
    strategy: {
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: amount(cluster?.maxSurge), maxUnavailable: amount(cluster?.maxUnavailable) },
    },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: seconds ?? progressDeadlineSecondsDefault,
  }
}

type Strategy = NonNullable<Workload['deploying']['deploymentStrategy']>

function withAmounts(strategy: Strategy): Strategy {
  const { rollingUpdate } = strategy
  if (!rollingUpdate) return strategy
  const amounts = Object.entries(rollingUpdate).map(([field, given]) => [field, amount(String(given))] as const)
  return { ...strategy, rollingUpdate: Object.fromEntries(amounts) }
}

/** Numbers and percentages may come as texts; a number is one for Kubernetes only without quotes. */
function amount(text: string | undefined): string | number {
  if (!text) return '25%'
  return /^\d+$/.test(text) ? Number(text) : text
}

/** Images are pulled once, whatever their tag. */
export function pulledOnce(pod: PodSpec): PodSpec {
  return { ...pod, containers: pod.containers.map((given) => ({ imagePullPolicy: 'IfNotPresent', ...given })) }
}

/** A server is ready when its port opens: it opens it once the model is loaded. */
function withServerDefaults(pod: PodSpec): PodSpec {
  const probed: readonly string[] = [containerNames.server, containerNames.transformer]
  const containers = pulledOnce(pod).containers.map((container) => {
    if (container.readinessProbe || !probed.includes(container.name)) return container
    const port = container.ports?.[0]?.containerPort ?? httpPort
    const times = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }
    return { ...container, readinessProbe: { tcpSocket: { port }, ...times } }
  })
  return { ...pod, containers }
}

/** A pod that stops gets the time that its longest request may take, so that none is cut off. */
function withGrace(pod: PodSpec, workload: Workload): PodSpec {
  const seconds = pod.terminationGracePeriodSeconds ?? workload.deploying.timeout
  return seconds === undefined ? pod : { ...pod, terminationGracePeriodSeconds: seconds }
}
