import { inNamespace, labelsOf, names, ports } from './names.ts'
import { block, each, type Node, scalar, when } from './slot.ts'
import { type Values, version } from './values.ts'

const selector = { 'app.kubernetes.io/name': names.controller }
const certificateFolder = '/etc/millrace/webhook'

const hasCertManager = ({ certManager }: Values) => certManager.enabled
const ifCertManager = (then: Node): Node => when('$.Values.certManager.enabled', hasCertManager, then)

/** Named by its own name, or by a registry's. */
export function ourImage(repository: string, values: Values): string {
  const { registry, tag } = values.image
  return `${registry === '' ? '' : `${registry}/`}${repository}:${tag === '' ? version : tag}`
}

const probe = (path: string, more: { readonly [key: string]: Node }): Node => ({
  httpGet: { path, port: 'health' },
  ...more,
})

const container: Node = {
  name: 'controller',
  image: scalar('include "millrace.image" $ | quote', (values) => ourImage(values.image.repository, values)),
  imagePullPolicy: scalar('$.Values.image.pullPolicy', (values) => values.image.pullPolicy),
  args: [
    'controller',
    '--namespace=$(POD_NAMESPACE)',
    '--leader-elect',
    `--metrics-addr=*:${ports.metrics}`,
    `--health-probe-addr=*:${ports.health}`,
    '--webhook-host=*',
    `--webhook-port=${ports.webhook}`,
    `--webhook-service=${names.webhook}`,
    ifCertManager(`--webhook-cert-dir=${certificateFolder}`),
    each(
      '$.Values.watchNamespaces',
      (values) => values.watchNamespaces,
      (served) =>
        typeof served === 'string'
          ? `--watch-namespace=${served}`
          : scalar('printf "--watch-namespace=%s" . | quote', () => ''),
    ),
    when('$.Values.verbose', ({ verbose }) => verbose, '--verbose'),
  ],
  env: [{ name: 'POD_NAMESPACE', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } } }],
  ports: [
    { name: 'webhook', containerPort: ports.webhook, protocol: 'TCP' },
    { name: 'metrics', containerPort: ports.metrics, protocol: 'TCP' },
    { name: 'health', containerPort: ports.health, protocol: 'TCP' },
  ],
  // Ready means: the state of the cluster is in, and the API server trusts our webhook.
  startupProbe: probe('/healthz', { periodSeconds: 1, failureThreshold: 60 }),
  livenessProbe: probe('/healthz', { periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 3 }),
  readinessProbe: probe('/readyz', { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 3 }),
  resources: block('$.Values.resources', ({ resources }) => resources),
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
  },
  volumeMounts: ifCertManager([{ name: 'certificate', mountPath: certificateFolder, readOnly: true }]),
}

const podSpec: Node = {
  serviceAccountName: names.controller,
  automountServiceAccountToken: true,
  imagePullSecrets: block('$.Values.imagePullSecrets', (values) => values.imagePullSecrets),
  priorityClassName: when(
    '$.Values.priorityClassName',
    (values) => values.priorityClassName !== '',
    scalar('$.Values.priorityClassName | quote', (values) => values.priorityClassName),
  ),
  securityContext: {
    runAsNonRoot: true,
    runAsUser: 65532,
    runAsGroup: 65532,
    fsGroup: 65532,
    seccompProfile: { type: 'RuntimeDefault' },
  },
  containers: [container],
  // Services go on being served while it moves; nothing is lost by leaving a failing node early.
  terminationGracePeriodSeconds: 30,
  nodeSelector: block('$.Values.nodeSelector', (values) => values.nodeSelector),
  tolerations: block('$.Values.tolerations', (values) => values.tolerations),
  affinity: block('$.Values.affinity', (values) => values.affinity),
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: selector },
    },
  ],
  volumes: ifCertManager([{ name: 'certificate', secret: { secretName: names.certificateSecret } }]),
}

export const controllerObjects: readonly Node[] = [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: inNamespace(names.controller, 'controller'),
    spec: {
      replicas: scalar('$.Values.replicas', ({ replicas }) => replicas),
      selector: { matchLabels: selector },
      // The new one answers webhooks before the old one stops.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: {
          labels: { ...selector, ...labelsOf('controller') },
          annotations: block('$.Values.podAnnotations', ({ podAnnotations }) => podAnnotations),
        },
        spec: podSpec,
      },
    },
  },
  service(names.webhook, [{ name: 'webhook', port: 443, targetPort: 'webhook', protocol: 'TCP' }]),
  service(names.metrics, [{ name: 'metrics', port: ports.metrics, targetPort: 'metrics', protocol: 'TCP' }]),
]

export const podDisruptionBudget: Node = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: inNamespace(names.controller, 'controller'),
  spec: { minAvailable: 1, selector: { matchLabels: selector } },
}

function service(name: string, servicePorts: readonly Node[]): Node {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: inNamespace(name, 'controller'),
    spec: { selector, ports: servicePorts },
  }
}
