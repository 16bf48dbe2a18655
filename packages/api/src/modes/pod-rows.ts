import type { Container, PodSpec } from '../generated/kubernetes-objects.ts'
import type { Decider, FieldRow, Outcome } from './field-row.ts'
import { knativeContainerFields, knativePodFields } from './knative-fields.ts'

type PodField = Exclude<keyof PodSpec, 'containers' | 'ephemeralContainers' | 'initContainers' | 'volumes'>

/** A value for every field of a pod, to try it with. The compiler sees to it that none is missing. */
const examples: { readonly [F in PodField]-?: NonNullable<PodSpec[F]> } = {
  activeDeadlineSeconds: 100,
  affinity: { nodeAffinity: {} },
  automountServiceAccountToken: false,
  dnsConfig: { searches: ['example.com'] },
  dnsPolicy: 'Default',
  enableServiceLinks: false,
  hostAliases: [{ ip: '10.0.0.1', hostnames: ['a'] }],
  hostIPC: true,
  hostNetwork: true,
  hostPID: true,
  hostUsers: false,
  hostname: 'h',
  hostnameOverride: 'h',
  imagePullSecrets: [{ name: 'registry' }],
  nodeName: 'n',
  nodeSelector: { disk: 'ssd' },
  os: { name: 'linux' },
  overhead: { cpu: '1' },
  preemptionPolicy: 'Never',
  priority: 7,
  priorityClassName: 'high',
  readinessGates: [{ conditionType: 'example.com/ready' }],
  resourceClaims: [{ name: 'gpu', resourceClaimName: 'c' }],
  resources: { limits: { cpu: '2' } },
  restartPolicy: 'Always',
  runtimeClassName: 'gvisor',
  schedulerName: 'own',
  schedulingGates: [{ name: 'example.com/wait' }],
  securityContext: { runAsNonRoot: true },
  serviceAccount: 'a',
  serviceAccountName: 'a',
  setHostnameAsFQDN: true,
  shareProcessNamespace: true,
  subdomain: 's',
  terminationGracePeriodSeconds: 77,
  tolerations: [{ key: 'gpu', operator: 'Exists' }],
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }],
}

/** Fields that a runtime may have too: the component's stand over them. */
const ofRuntimes: readonly PodField[] = [
  'affinity',
  'nodeSelector',
  'tolerations',
  'imagePullSecrets',
  'schedulerName',
  'resourceClaims',
]

const advice: Readonly<Partial<Record<PodField, string>>> = {
  terminationGracePeriodSeconds: 'set timeout: a pod of Knative gets as long as a request may take',
  serviceAccount: 'write serviceAccountName',
  priority: 'write priorityClassName',
}

/** A Deployment starts its pods again; one that ends itself is refused by Kubernetes. */
const endless: Outcome = {
  effect: 'refused',
  because: 'is for pods that end, and a Deployment starts them again: remove it',
}

export const podRows: readonly FieldRow[] = (Object.entries(examples) as [PodField, unknown][]).map(
  ([field, value]): FieldRow => {
    const decidedBy: readonly Decider[] = [
      'component',
      ...(ofRuntimes.includes(field) ? (['runtime'] as const) : []),
      ...(field === 'automountServiceAccountToken' ? (['cluster'] as const) : []),
      'default',
    ]
    const inDeployment = { kind: 'Deployment', path: `spec.template.spec.${field}`, value }
    const inKnative = { kind: 'KnativeService', path: `spec.template.spec.${field}`, value }
    const feature = knativePodFields[field]
    const instead = advice[field]
    return {
      place: 'component',
      field,
      example: { [field]: value },
      decidedBy: { Standard: decidedBy, Knative: feature === undefined ? ['default'] : decidedBy },
      outcomes: {
        Standard: [field === 'activeDeadlineSeconds' ? endless : { effect: 'honoured', shows: inDeployment }],
        Knative: [
          feature === undefined
            ? {
                effect: 'ignored',
                because: 'a Knative Service has no such field',
                ...(instead === undefined ? {} : { instead }),
              }
            : {
                effect: 'honoured',
                shows: inKnative,
                ...(feature === true ? {} : { note: `if Knative’s feature \`${feature}\` is on` }),
              },
        ],
      },
    }
  },
)

/** Fields of a container that not every mode has, each with a value. */
const containerExamples = {
  lifecycle: { preStop: { sleep: { seconds: 5 } } },
  resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }],
  restartPolicy: 'Always',
  restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [3] } }],
  stdin: true,
  stdinOnce: true,
  tty: true,
  volumeDevices: [{ name: 'disk', devicePath: '/dev/disk' }],
} satisfies { readonly [F in Exclude<keyof Container, keyof typeof knativeContainerFields>]-?: Container[F] }

export const containerRows: readonly FieldRow[] = Object.entries(containerExamples).map(
  ([field, value]): FieldRow => ({
    place: 'predictor',
    field: `model.${field}`,
    example: { model: { [field]: value } },
    given: { model: {} },
    decidedBy: { Standard: ['component', 'runtime', 'default'], Knative: ['default'] },
    outcomes: {
      Standard: [
        { effect: 'honoured', shows: { kind: 'Deployment', path: `spec.template.spec.containers.0.${field}`, value } },
      ],
      Knative: [{ effect: 'ignored', because: 'a container of a Knative Service has no such field' }],
    },
  }),
)
