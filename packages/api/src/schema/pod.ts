import type { Container, PodSpec } from '../generated/kubernetes-objects.ts'
import { containerNames } from '../wire-keys.ts'
import { but, definition, kubernetesFields, type Schema, type SchemaData } from './schema.ts'

type FieldsOf<T> = { readonly [K in keyof T & string]: Schema<Exclude<T[K], undefined>> }

const { ephemeralContainers, ...podFieldsOnly } = kubernetesFields('PodSpec')

type ProbeAction = 'httpGet' | 'tcpSocket'

/**
 * Container fields whose liveness and readiness probes may leave out the port: Knative fills in the one it serves, and
 * KServe's schema lets people rely on that.
 */
function withPortlessProbes(actions: readonly ProbeAction[]): FieldsOf<Required<Container>> {
  const fields = kubernetesFields('Container')
  const probe = definition('Probe')
  const portless = Object.fromEntries(
    actions.map((action) => [action, { ...probe.properties?.[action], required: [] } satisfies SchemaData]),
  )
  const properties = { ...probe.properties, ...portless }
  return {
    ...fields,
    livenessProbe: { ...fields.livenessProbe, properties },
    readinessProbe: { ...fields.readinessProbe, properties },
  }
}

/**
 * The containers of a component. One without a name is the server's: KServe's webhook names it so, and a default says the
 * same without a webhook.
 */
const componentContainers: Schema<readonly Container[]> = {
  ...podFieldsOnly.containers,
  items: {
    $ref: 'Container',
    required: [],
    properties: { ...withPortlessProbes(['httpGet']), name: { type: 'string', default: containerNames.server } },
  },
}

/** Every field of a pod that a component may set beside its own. None is required: a model server is often enough. */
export const podFields: FieldsOf<Required<Omit<PodSpec, 'ephemeralContainers'>>> = {
  ...podFieldsOnly,
  containers: componentContainers,
  os: { ...podFieldsOnly.os, required: [] },
}

/** As `podFields`, with the one field that KServe kept in workerSpec and canary. */
export const wholePodFields: FieldsOf<Required<PodSpec>> = { ...podFieldsOnly, ephemeralContainers }

/** The fields of a container, to be mixed into a model server's own. `name` is not required there. */
export const containerFields: FieldsOf<Required<Container>> = withPortlessProbes(['httpGet', 'tcpSocket'])

/** As a pod's, but server-side apply merges it key by key. */
export const ownNodeSelector = but(podFields.nodeSelector, { mapType: 'granular' })

/** The pod fields that a serving runtime may set. */
export const runtimePodFields = {
  containers: podFieldsOnly.containers,
  volumes: podFields.volumes,
  nodeSelector: ownNodeSelector,
  affinity: podFields.affinity,
  tolerations: podFields.tolerations,
  imagePullSecrets: podFields.imagePullSecrets,
  hostIPC: podFields.hostIPC,
  schedulerName: podFields.schedulerName,
  resourceClaims: podFields.resourceClaims,
} satisfies Readonly<Record<string, SchemaData>>
