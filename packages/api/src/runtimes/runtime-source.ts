import type { Container, EnvVar, Probe } from '../generated/kubernetes-objects.ts'
import type { ClusterServingRuntime, ServingRuntimeSpec, SupportedModelFormat } from '../kinds/serving-runtime.ts'
import { annotations, containerNames } from '../wire-keys.ts'

/** A format of a shipped runtime: chosen by itself unless it says otherwise. */
export function format(name: string, version: string, priority: number, autoSelect = true): SupportedModelFormat {
  return { name, version, autoSelect, priority }
}

/** What tells one shipped runtime from another; the rest is alike. */
export interface RuntimeSource {
  readonly name: string
  readonly serverType: string
  readonly image: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly EnvVar[]
  readonly protocols?: readonly string[]
  readonly formats: readonly SupportedModelFormat[]
  readonly metricsPort?: string
  readonly runAsUser?: number
  /** Images that run as root by themselves cannot be told not to. */
  readonly runAsNonRoot?: boolean
  readonly readinessProbe?: Probe
  readonly startupProbe?: Probe
  /** Name of a volume in memory, mounted at /dev/shm, for servers of several processes. */
  readonly sharedMemory?: string
  readonly more?: Partial<ServingRuntimeSpec>
}

const resources = { limits: { cpu: '1', memory: '2Gi' }, requests: { cpu: '1', memory: '2Gi' } }

export function clusterServingRuntime(source: RuntimeSource): ClusterServingRuntime {
  return {
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'ClusterServingRuntime',
    metadata: { name: source.name, annotations: { [annotations.serverType]: source.serverType } },
    spec: {
      annotations: {
        [annotations.prometheusContainerPort]: source.metricsPort ?? '8080',
        [annotations.prometheusContainerPath]: '/metrics',
      },
      supportedModelFormats: source.formats,
      ...(source.protocols ? { protocolVersions: source.protocols } : {}),
      ...source.more,
      containers: [container(source)],
      ...(source.sharedMemory ? { volumes: [{ name: source.sharedMemory, emptyDir: { medium: 'Memory' } }] } : {}),
    },
  }
}

function container(source: RuntimeSource): Container {
  const { image, command, args, env, readinessProbe, startupProbe, sharedMemory, runAsUser } = source
  return {
    name: containerNames.server,
    image,
    ...(command ? { command } : {}),
    ...(args ? { args } : {}),
    ...(env ? { env } : {}),
    ...(readinessProbe ? { readinessProbe } : {}),
    ...(startupProbe ? { startupProbe } : {}),
    ...(sharedMemory ? { volumeMounts: [{ name: sharedMemory, mountPath: '/dev/shm' }] } : {}),
    resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      privileged: false,
      ...(source.runAsNonRoot === false ? {} : { runAsNonRoot: true }),
      ...(runAsUser === undefined ? {} : { runAsUser }),
      capabilities: { drop: ['ALL'] },
    },
  }
}
