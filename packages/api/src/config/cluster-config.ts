import { deploymentModeSpellings, type ParsedDeploymentMode } from '../deployment-mode.ts'
import { flag, type Infer, integer, list, object, oneOf, type Schema, text } from '../schema/schema.ts'
import { loggerStorage } from '../schema/storage.ts'
import { knativeKeys, internalAnnotations, kubernetesKeys } from '../wire-keys.ts'

/** What isn't said is empty, and empty means: set nothing. */
const noDefault = { default: '' }

const resourceFields = {
  cpuRequest: text('cpu to ask for.', noDefault),
  cpuLimit: text('cpu to be held to.', noDefault),
  memoryRequest: text('memory to ask for.', noDefault),
  memoryLimit: text('memory to be held to.', noDefault),
}
const resourceNames = ['cpuRequest', 'cpuLimit', 'memoryRequest', 'memoryLimit'] as const

const smallResources = {
  cpuRequest: text('cpu to ask for.', { default: '100m' }),
  cpuLimit: text('cpu to be held to.', { default: '1' }),
  memoryRequest: text('memory to ask for.', { default: '100Mi' }),
  memoryLimit: text('memory to be held to.', { default: '1Gi' }),
}

const explainers = object(
  'Explainers that have an image of their own.',
  {
    art: object(
      'The Adversarial Robustness Toolbox.',
      {
        image: text('Its image, without tag.', { default: 'kserve/art-explainer' }),
        defaultImageVersion: text('Its tag, unless the service says another.', { default: 'latest' }),
      },
      ['image', 'defaultImageVersion'],
    ),
  },
  ['art'],
)

const inferenceService = object(
  'All services.',
  {
    resource: object('For servers that say nothing about their resources. Empty: none.', resourceFields, resourceNames),
    serviceAnnotationDisallowedList: list('Annotations that stay on the service.', text('A key.'), { default: [] }),
    serviceLabelDisallowedList: list('Labels that stay on the service.', text('A key.'), { default: [] }),
  },
  ['resource', 'serviceAnnotationDisallowedList', 'serviceLabelDisallowedList'],
)

const multiNode = object(
  'Models on several nodes.',
  { customGPUResourceTypeList: list('Resources that are GPUs too.', text('A resource name.'), { default: [] }) },
  ['customGPUResourceTypeList'],
)

const opentelemetryCollector = object(
  'The collector beside services that scale by their own metrics.',
  {
    scrapeInterval: text('How often it reads the metrics.', { default: '5s' }),
    metricReceiverEndpoint: text('Where it sends them.', { default: 'keda-otel-scaler.keda.svc:4317' }),
    metricScalerEndpoint: text('Where KEDA reads them.', { default: 'keda-otel-scaler.keda.svc:4318' }),
    resource: object('Its resources.', resourceFields, resourceNames),
  },
  ['scrapeInterval', 'metricReceiverEndpoint', 'metricScalerEndpoint', 'resource'],
)

const autoscaler = object('Scaling with KEDA.', {
  scaleUpStabilizationWindowSeconds: integer('How long to look back before going up.'),
  scaleDownStabilizationWindowSeconds: integer('How long to look back before going down.'),
})

const ociModes = ['', 'modelcar', 'native', 'fetch'] as const

const storageInitializer = object(
  'The container that fetches a model.',
  {
    image: text('Its image.', { default: 'kserve/storage-initializer:latest' }),
    ...smallResources,
    caBundleConfigMapName: text('ConfigMap with certificates to trust.', noDefault),
    caBundleVolumeMountPath: text('Where they are mounted.', { default: '/etc/ssl/custom-certs' }),
    enableModelcar: flag('Whether oci:// models run beside the server. Older word for ociModelMode modelcar.', {
      default: false,
    }),
    enableOciModelSupport: flag('Whether oci:// models are taken at all.', { default: false }),
    ociModelMode: oneOf('How an oci:// model reaches the server.', ociModes, noDefault),
    ociInsecureRegistry: flag('Whether a registry may lack a certificate.', { default: false }),
    cpuModelcar: text('cpu of the container beside the server.', { default: '10m' }),
    memoryModelcar: text('memory of the container beside the server.', { default: '15Mi' }),
    uidModelcar: integer('User that both containers run as.'),
  },
  [
    'image',
    ...resourceNames,
    'caBundleConfigMapName',
    'caBundleVolumeMountPath',
    'enableModelcar',
    'enableOciModelSupport',
    'ociModelMode',
    'ociInsecureRegistry',
    'cpuModelcar',
    'memoryModelcar',
  ],
)

const s3 = object(
  'S3. Empty: not set.',
  {
    s3AccessKeyIDName: text('Key of the Secret that holds the access key.', { default: 'awsAccessKeyID' }),
    s3SecretAccessKeyName: text('Key of the Secret that holds the secret key.', { default: 'awsSecretAccessKey' }),
    s3Endpoint: text('The server.', noDefault),
    s3UseHttps: text('1 or 0.', noDefault),
    s3Region: text('The region.', noDefault),
    s3VerifySSL: text('1 or 0.', noDefault),
    s3UseVirtualBucket: text('true or false.', noDefault),
    s3UseAccelerate: text('true or false.', noDefault),
    s3UseAnonymousCredential: text('true or false.', noDefault),
    s3CABundleConfigMap: text('ConfigMap with certificates to trust.', noDefault),
    s3CABundle: text('File with certificates to trust.', noDefault),
  },
  [
    's3AccessKeyIDName',
    's3SecretAccessKeyName',
    's3Endpoint',
    's3UseHttps',
    's3Region',
    's3VerifySSL',
    's3UseVirtualBucket',
    's3UseAccelerate',
    's3UseAnonymousCredential',
    's3CABundleConfigMap',
    's3CABundle',
  ],
)

const credentials = object(
  'Where credentials for storage are found.',
  {
    storageSpecSecretName: text('Secret of models that say `storage`.', { default: 'storage-config' }),
    storageSecretNameAnnotation: text('Annotation that names another Secret.', {
      default: 'serving.kserve.io/storageSecretName',
    }),
    gcs: object(
      'Google Cloud Storage.',
      {
        gcsCredentialFileName: text('Key of the Secret that holds the key file.', {
          default: 'gcloud-application-credentials.json',
        }),
      },
      ['gcsCredentialFileName'],
    ),
    s3,
  },
  ['storageSpecSecretName', 'storageSecretNameAnnotation', 'gcs', 's3'],
)

/** Templates have Name, Namespace, IngressDomain, Labels.x and Annotations.x, in Go's spelling. */
export const defaultDomainTemplate = '{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}'

const ingress = object(
  'How requests come in.',
  {
    enableGatewayApi: flag('Whether Standard mode makes HTTPRoutes instead of Ingresses.', { default: false }),
    kserveIngressGateway: text('Gateway of the HTTPRoutes, as namespace/name.', {
      default: 'kserve/kserve-ingress-gateway',
    }),
    ingressGateway: text('Istio gateway from outside.', { default: 'knative-serving/knative-ingress-gateway' }),
    knativeLocalGatewayService: text('Host of Knative’s local gateway, if not localGatewayService.', noDefault),
    localGateway: text('Istio gateway from inside.', { default: 'knative-serving/knative-local-gateway' }),
    localGatewayService: text('Host of that gateway.', {
      default: 'knative-local-gateway.istio-system.svc.cluster.local',
    }),
    ingressDomain: text('Domain of all services.', { default: 'example.com' }),
    additionalIngressDomains: list('Further domains.', text('A domain.'), { default: [] }),
    ingressClassName: text('Class of the Ingresses. Unset: the cluster’s default.'),
    domainTemplate: text('How a host name is made.', { default: defaultDomainTemplate }),
    urlScheme: text('http or https.', { default: 'http' }),
    disableIstioVirtualHost: flag('Whether Knative mode works without Istio.', { default: false }),
    pathTemplate: text('How a path below ingressDomain is made. Empty: there is none.', noDefault),
    disableIngressCreation: flag('Whether Standard mode makes no Ingresses.', { default: false }),
    disableHTTPRouteTimeout: flag('Whether HTTPRoutes have no timeout, which some gateways do not know.', {
      default: false,
    }),
    enableLLMInferenceServiceTLS: flag('Whether LLM services speak TLS.', { default: false }),
    modelBasedRoutingHeaderName: text('Header that names a model.', { default: 'X-Gateway-Model-Name' }),
    modelBasedRoutingMode: text('Whether routes match that header.', { default: 'enabled' }),
  },
  [
    'enableGatewayApi',
    'kserveIngressGateway',
    'ingressGateway',
    'knativeLocalGatewayService',
    'localGateway',
    'localGatewayService',
    'ingressDomain',
    'additionalIngressDomains',
    'domainTemplate',
    'urlScheme',
    'disableIstioVirtualHost',
    'pathTemplate',
    'disableIngressCreation',
    'disableHTTPRouteTimeout',
    'enableLLMInferenceServiceTLS',
    'modelBasedRoutingHeaderName',
    'modelBasedRoutingMode',
  ],
)

const agentImage = text('Its image.', { default: 'kserve/agent:latest' })

const logger = object(
  'The container that copies requests.',
  {
    image: agentImage,
    ...smallResources,
    defaultUrl: text('Where copies go when a service does not say.', noDefault),
    caBundle: text('ConfigMap with certificates to trust.', noDefault),
    caCertFile: text('File in it.', noDefault),
    tlsSkipVerify: flag('Whether any certificate is trusted.', { default: false }),
    storage: loggerStorage,
    marshallerUrl: text('Service that makes files of copies.', noDefault),
    batchSize: integer('Copies in one file.', { default: 0 }),
    batchInterval: text('Longest wait for a file to fill.', noDefault),
  },
  [
    'image',
    ...resourceNames,
    'defaultUrl',
    'caBundle',
    'caCertFile',
    'tlsSkipVerify',
    'marshallerUrl',
    'batchSize',
    'batchInterval',
  ],
)

const batcher = object(
  'The container that joins requests.',
  {
    image: agentImage,
    cpuRequest: text('cpu to ask for.', { default: '1' }),
    cpuLimit: text('cpu to be held to.', { default: '1' }),
    memoryRequest: text('memory to ask for.', { default: '1Gi' }),
    memoryLimit: text('memory to be held to.', { default: '1Gi' }),
    maxBatchSize: integer('Most instances in one call.', { default: 32 }),
    maxLatency: integer('Longest wait, in milliseconds.', { default: 5000 }),
  },
  ['image', ...resourceNames, 'maxBatchSize', 'maxLatency'],
)

const agent = object('The agent of multi-model servers.', { image: agentImage, ...smallResources }, [
  'image',
  ...resourceNames,
])

const router = object(
  'The router of graphs.',
  {
    image: text('Its image.', { default: 'kserve/router:latest' }),
    ...smallResources,
    headers: object(
      'Request headers.',
      { propagate: list('Those handed on to every step, as names or patterns.', text('A header.'), { default: [] }) },
      ['propagate'],
    ),
    imagePullPolicy: text('When its image is pulled.', noDefault),
    imagePullSecrets: list('Secrets for pulling it.', text('Name of a Secret.'), { default: [] }),
  },
  ['image', ...resourceNames, 'headers', 'imagePullPolicy', 'imagePullSecrets'],
)

const deploy = object(
  'How services run.',
  {
    defaultDeploymentMode: oneOf('For services that do not say.', deploymentModeSpellings, {
      default: 'Standard',
    }) as Schema<ParsedDeploymentMode>,
    deploymentRolloutStrategy: object('Standard mode.', {
      defaultRollout: object(
        'For services without deploymentStrategy.',
        {
          maxSurge: text('Pods too many while rolling out, as a number or percentage.'),
          maxUnavailable: text('Pods missing while rolling out, as a number or percentage.'),
        },
        ['maxSurge', 'maxUnavailable'],
      ),
    }),
  },
  ['defaultDeploymentMode'],
)

const service = object(
  'Services of Kubernetes.',
  { serviceClusterIPNone: flag('Whether they have no address of their own.', { default: false }) },
  ['serviceClusterIPNone'],
)

const metricsAggregator = object(
  'Metrics.',
  {
    enableMetricAggregation: flag('Whether queue-proxy adds the server’s metrics to its own.', { default: false }),
    enablePrometheusScraping: flag('Whether pods are annotated for Prometheus.', { default: false }),
  },
  ['enableMetricAggregation', 'enablePrometheusScraping'],
)

const localModel = object(
  'Models kept on nodes.',
  {
    enabled: flag('Whether there are any.', { default: false }),
    jobNamespace: text('Namespace of the jobs that fetch them.', { default: 'kserve-localmodel-jobs' }),
    defaultJobImage: text('Image of the jobs.', { default: 'kserve/storage-initializer:latest' }),
    fsGroup: integer('Group that owns the files.'),
    jobTTLSecondsAfterFinished: integer('How long finished jobs stay.', { default: 3600 }),
    reconcilationFrequencyInSecs: integer('How often nodes are looked at.', { default: 60 }),
    disableVolumeManagement: flag('Whether volumes are made by somebody else.', { default: false }),
  },
  [
    'enabled',
    'jobNamespace',
    'defaultJobImage',
    'jobTTLSecondsAfterFinished',
    'reconcilationFrequencyInSecs',
    'disableVolumeManagement',
  ],
)

const security = object(
  'Safety.',
  {
    autoMountServiceAccountToken: flag('Whether servers get a token of their service account.', { default: false }),
  },
  ['autoMountServiceAccountToken'],
)

const rolloutWaves = object(
  'Changes that are not a service’s own (of this configuration, of a runtime, of the controller’s version), on their way to pods of services that are ready.',
  {
    services: integer('Services whose pods are replaced at a time. 0: all at once.', { default: 10, minimum: 0 }),
    deadlineSeconds: integer('How long a service may take to be ready again.', { default: 900, minimum: 1 }),
  },
  ['services', 'deadlineSeconds'],
)

/** The keys of the ConfigMap `inferenceservice-config`, each a JSON object. */
export const configSchemas = {
  explainers,
  inferenceService,
  multiNode,
  opentelemetryCollector,
  autoscaler,
  storageInitializer,
  credentials,
  ingress,
  logger,
  batcher,
  agent,
  router,
  deploy,
  service,
  metricsAggregator,
  localModel,
  security,
  rolloutWaves,
} as const

type Schemas = typeof configSchemas

/** The cluster's configuration, complete: what the ConfigMap doesn't say has its default. */
export type ClusterConfig = { readonly [K in keyof Schemas]: Infer<Schemas[K]> }

/** Annotations that never go from a service to its pods, whatever the configuration says. */
export const annotationsNeverPropagated: readonly string[] = [
  knativeKeys.minScale,
  knativeKeys.maxScale,
  internalAnnotations.storageInitializerSourceUri,
  kubernetesKeys.lastApplied,
  internalAnnotations.modelFormat,
]

/** Labels that never go from a service to its Knative revisions. */
export const labelsNeverPropagated: readonly string[] = [knativeKeys.visibility]
