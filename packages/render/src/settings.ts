import type { CredentialSettings } from './credentials/service-account-credentials.ts'
import type { AgentSettings } from './pod/agent.ts'
import type { StorageInitializerSettings } from './pod/init-settings.ts'
import type { LoggerSettings } from './pod/logger-args.ts'
import type { MetricsSettings } from './pod/metrics.ts'
import type { ResourceDefaults } from './service/resource-defaults.ts'
import type { ExplainerSettings } from './service/planning.ts'

/** `ingress` of the configuration. */
export interface IngressSettings {
  readonly enableGatewayApi?: boolean
  readonly kserveIngressGateway?: string
  readonly ingressGateway?: string
  readonly knativeLocalGatewayService?: string
  readonly localGateway?: string
  readonly localGatewayService?: string
  readonly ingressDomain: string
  readonly ingressClassName?: string
  readonly additionalIngressDomains?: readonly string[]
  readonly domainTemplate: string
  readonly urlScheme: string
  readonly disableIstioVirtualHost?: boolean
  readonly pathTemplate?: string
  readonly disableIngressCreation?: boolean
  readonly disableHTTPRouteTimeout?: boolean
}

/** `router` of the configuration. */
export interface RouterSettings {
  readonly image: string
  readonly cpuRequest: string
  readonly cpuLimit: string
  readonly memoryRequest: string
  readonly memoryLimit: string
  readonly headers?: Readonly<Record<string, readonly string[]>>
  readonly imagePullPolicy?: string
  readonly imagePullSecrets?: readonly string[]
}

/** `opentelemetryCollector` of the configuration. */
export interface CollectorSettings {
  readonly scrapeInterval?: string
  readonly metricReceiverEndpoint?: string
  readonly metricScalerEndpoint?: string
  readonly resource?: ResourceDefaults
}

/** The parts of `inferenceservice-config` that rendering depends on, under its own key names. */
export interface Settings {
  readonly ingress: IngressSettings
  readonly deploy: {
    readonly defaultDeploymentMode: string
    readonly deploymentRolloutStrategy?: {
      readonly defaultRollout?: { readonly maxSurge?: string; readonly maxUnavailable?: string }
    }
  }
  readonly inferenceService: {
    readonly resource?: ResourceDefaults
    readonly serviceAnnotationDisallowedList?: readonly string[]
    readonly serviceLabelDisallowedList?: readonly string[]
  }
  readonly explainers: ExplainerSettings
  readonly storageInitializer: StorageInitializerSettings
  readonly credentials: CredentialSettings
  readonly agent: AgentSettings
  readonly logger: LoggerSettings
  readonly metricsAggregator: MetricsSettings
  readonly router: RouterSettings
  readonly opentelemetryCollector: CollectorSettings
  readonly autoscaler: {
    readonly scaleUpStabilizationWindowSeconds?: string
    readonly scaleDownStabilizationWindowSeconds?: string
  }
  readonly security: { readonly autoMountServiceAccountToken?: boolean }
  readonly service: { readonly serviceClusterIPNone?: boolean }
  readonly multiNode: { readonly customGPUResourceTypeList?: readonly string[] }
  readonly localModel: { readonly enabled?: boolean }
}
