import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { shippedConfig } from '@millrace/api'
import type { Json } from './json.ts'
import { count, defaultsOf, flag, map, maps, oneOf, text, textMap, texts, type ValuesOf } from './value-table.ts'
import { pinnedImages } from './pinned-images.ts'

const root = join(import.meta.dirname, '../..')

/** The version of everything here: images, charts, labels. */
export const version: string = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version

/** Kubernetes' names of namespaces, and what a registry and a repository may look like. */
const label = { pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' }
const repository = { pattern: '^[a-z0-9]+([._/-]+[a-z0-9]+)*$' }

/** Values that both charts know, so that one file of values may be given to both. */
const shared = {
  namespace: text('kserve', "The controller's namespace: where its configuration, certificate and webhook are.", label),
  certManager: {
    enabled: flag(false, 'Certificates by cert-manager. Off: the controller makes and renews its own.'),
    issuerRef: map(
      'An Issuer of yours, such as {kind: ClusterIssuer, name: corporate}. Empty: a self-signed one is made.',
    ),
  },
}

const crds = {
  variant: oneOf('full', ['full', 'minimal'], 'full: pods typed, every field explained. minimal: below 16 KiB each.'),
  preview: flag(
    false,
    'Serve versions in preview (InferenceService v1). They need the controller for every read: see docs/install.md.',
  ),
  groups: {
    core: flag(true, 'InferenceService, ServingRuntime, ClusterServingRuntime, ClusterStorageContainer.'),
    graph: flag(true, 'InferenceGraph.'),
    multiModel: flag(true, 'TrainedModel.'),
    localModel: flag(true, 'LocalModelCache, LocalModelNamespaceCache, LocalModelNode, LocalModelNodeGroup.'),
  },
}

/** The configuration as data, so that a chart's user may set one field of it. */
function configDefaults(): { readonly [key: string]: Json } {
  return Object.fromEntries(
    Object.entries(shippedConfig).map(([key, value]) => [key, sorted(pinnedImages(JSON.parse(value)))]),
  )
}

/** Helm writes maps by key: so do we, and both write the same text. */
export function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}

const controller = {
  image: {
    registry: text('', 'Registry of our images, such as registry.example.com/ml. Empty: the default of the nodes.'),
    repository: text('millrace/controller', "The controller's image.", repository),
    tag: text('', "Empty: the chart's version."),
    pullPolicy: oneOf('IfNotPresent', ['Always', 'IfNotPresent', 'Never'], 'When nodes fetch the image.'),
  },
  imagePullSecrets: maps('Secrets for the registry: [{name: …}].'),
  replicas: count(1, 'Controllers. One works, the others answer webhooks and wait to take over.'),
  resources: map('Of the controller. Memory grows with the number of services; there is no limit of cpu on purpose.', {
    limits: { memory: '512Mi' },
    requests: { cpu: '100m', memory: '128Mi' },
  }),
  nodeSelector: textMap('Nodes that the controller may run on.'),
  tolerations: maps('Taints that the controller bears.'),
  affinity: map('Where the controller would rather run.'),
  priorityClassName: text('', "The controller's priority among pods."),
  podAnnotations: textMap("Annotations of the controller's pods."),
  watchNamespaces: texts('Namespaces to serve, with rights in these alone. Empty: all.'),
  verbose: flag(false, 'Log every decision.'),
  podDisruptionBudget: {
    enabled: flag(false, 'Keep one controller when nodes are emptied. Wants two replicas or more.'),
  },
  webhook: {
    failurePolicy: oneOf('Fail', ['Fail', 'Ignore'], 'What becomes of a write that nobody can check.'),
    timeoutSeconds: count(10, 'How long the API server waits for a check.', 1),
  },
  configMap: {
    create: flag(true, 'Off: inferenceservice-config is there already, and stays as it is.'),
  },
  config: map(
    'The configuration (inferenceservice-config). Fields set here are merged into these; a text is taken as it stands.',
    configDefaults(),
  ),
  runtimes: {
    enabled: flag(true, 'Install the ClusterServingRuntimes that ship.'),
    images: textMap(
      'Other images for them, by repository: {kserve/sklearnserver: registry.example.com/sklearnserver:1}.',
    ),
  },
  storageContainers: {
    enabled: flag(true, 'Install the ClusterStorageContainer that ships.'),
  },
  userRoles: {
    enabled: flag(true, "Let Kubernetes' own roles view, edit and admin include our kinds."),
  },
}

/** What both charts take: their schema is the same, so that one file of values does for both. */
export const valueTable = { ...shared, crds, ...controller }
/** What the chart of the CRDs uses of it. */
export const crdValueTable = { ...shared, crds }
/** What the chart of the controller uses of it. */
export const controllerValueTable = { ...shared, ...controller }

export type Values = ValuesOf<typeof valueTable>

export const defaultValues: Values = defaultsOf(valueTable)
