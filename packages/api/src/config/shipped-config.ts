/**
 * The configuration that ships: Standard mode, Ingresses of Kubernetes, no Istio. Works on one machine as on a cluster;
 * what is not said has its default.
 */
const settings = {
  deploy: { defaultDeploymentMode: 'Standard' },
  ingress: {
    ingressDomain: 'example.com',
    domainTemplate: '{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}',
    urlScheme: 'http',
    enableGatewayApi: false,
    disableIstioVirtualHost: true,
  },
  inferenceService: { resource: { cpuRequest: '1', cpuLimit: '1', memoryRequest: '2Gi', memoryLimit: '2Gi' } },
  storageInitializer: {
    image: 'kserve/storage-initializer:latest',
    cpuRequest: '100m',
    cpuLimit: '1',
    memoryRequest: '100Mi',
    memoryLimit: '1Gi',
    enableModelcar: true,
    uidModelcar: 1010,
  },
  credentials: {
    s3: { s3AccessKeyIDName: 'AWS_ACCESS_KEY_ID', s3SecretAccessKeyName: 'AWS_SECRET_ACCESS_KEY' },
    gcs: { gcsCredentialFileName: 'gcloud-application-credentials.json' },
  },
  logger: { image: 'kserve/agent:latest', defaultUrl: 'http://default-broker' },
  batcher: { image: 'kserve/agent:latest', maxBatchSize: '32', maxLatency: '5000' },
  agent: { image: 'kserve/agent:latest' },
  router: { image: 'kserve/router:latest', imagePullPolicy: 'IfNotPresent' },
  metricsAggregator: { enableMetricAggregation: 'false', enablePrometheusScraping: 'false' },
  localModel: { enabled: false },
  security: { autoMountServiceAccountToken: true },
  autoscaler: { scaleUpStabilizationWindowSeconds: '0', scaleDownStabilizationWindowSeconds: '300' },
}

/** `data` of the ConfigMap `inferenceservice-config` as it is installed. */
export const shippedConfig: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(settings).map(([key, value]) => [key, JSON.stringify(value, undefined, 2)]),
)
