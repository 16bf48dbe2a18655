import type { Container, PodSpec } from '../generated/kubernetes-objects.ts'
import { kubernetesFields, type Schema, type SchemaData } from './schema.ts'

type FieldsOf<T> = { readonly [K in keyof T & string]: Schema<Exclude<T[K], undefined>> }

const { ephemeralContainers, ...podFieldsOnly } = kubernetesFields('PodSpec')

/** Every field of a pod that a component may set beside its own. None is required: a model server is often enough. */
export const podFields: FieldsOf<Required<Omit<PodSpec, 'ephemeralContainers'>>> = podFieldsOnly

/** As `podFields`, with the one field that KServe kept in workerSpec and canary. */
export const wholePodFields: FieldsOf<Required<PodSpec>> = { ...podFieldsOnly, ephemeralContainers }

/** The fields of a container, to be mixed into a model server's own. `name` is not required there. */
export const containerFields: FieldsOf<Required<Container>> = kubernetesFields('Container')

/** The pod fields that a serving runtime may set. */
export const runtimePodFields = {
  containers: podFields.containers,
  volumes: podFields.volumes,
  nodeSelector: podFields.nodeSelector,
  affinity: podFields.affinity,
  tolerations: podFields.tolerations,
  imagePullSecrets: podFields.imagePullSecrets,
  hostIPC: podFields.hostIPC,
  schedulerName: podFields.schedulerName,
  resourceClaims: podFields.resourceClaims,
} satisfies Readonly<Record<string, SchemaData>>
