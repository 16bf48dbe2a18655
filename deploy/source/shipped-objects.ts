import { configMapName, shippedRuntimes, shippedStorageContainers } from '@millrace/api'
import { ourImage } from './controller-objects.ts'
import { inNamespace, labelsOf, namespace } from './names.ts'
import { pinnedImages } from './pinned-images.ts'
import { block, isList, type Node, scalar, when } from './slot.ts'
import type { Json } from './json.ts'
import { sorted, type Values } from './values.ts'

const ownRepository = /^(millrace\/[a-z-]+):latest$/

/** Helm must not take away the namespace with what people keep in it, nor their configuration. */
export const keep = { 'helm.sh/resource-policy': 'keep' }

export const namespaceObject: Node = when('ne $.Values.namespace $.Release.Namespace', () => true, {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: namespace, labels: labelsOf('configuration'), annotations: keep },
})

export const configuration: Node = when('$.Values.configMap.create', ({ configMap }) => configMap.create, {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { ...inNamespace(configMapName, 'configuration') },
  data: block('include "millrace.config" $ | fromYaml', configData),
})

/** Helm: `millrace.config`. */
function configData({ config }: Values): Json {
  const entries = Object.entries(config).map(([key, value]) => [
    key,
    typeof value === 'string' ? value : JSON.stringify(sorted(value), undefined, 2),
  ])
  return Object.fromEntries(entries)
}

export const runtimes: readonly Node[] = shippedRuntimes.map((runtime) => shipped(runtime))
export const storageContainers: readonly Node[] = shippedStorageContainers.map((container) => shipped(container))

function shipped(object: unknown): Node {
  const { metadata, ...rest } = pinnedImages(JSON.parse(JSON.stringify(object))) as {
    readonly metadata: { readonly [key: string]: Json }
    readonly [key: string]: Json
  }
  const { apiVersion = '', kind = '', ...more } = rest
  const labels = { ...Object(metadata['labels']), ...labelsOf('runtimes') } as { readonly [key: string]: Json }
  return withImageSlots({ apiVersion, kind, metadata: { ...metadata, labels }, ...more })
}

/** Images are where people point at their own registry. */
function withImageSlots(node: Node): Node {
  if (isList(node)) return node.map(withImageSlots)
  if (typeof node !== 'object' || node === null) return node
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      key === 'image' && typeof value === 'string' ? imageSlot(value) : withImageSlots(value),
    ]),
  )
}

function imageSlot(image: string): Node {
  const own = ownRepository.exec(image)?.[1]
  const repository = own ?? image.slice(0, image.lastIndexOf(':'))
  const shippedImage = own === undefined ? JSON.stringify(image) : `(include "millrace.ownImage" (list $ "${own}"))`
  return scalar(`get $.Values.runtimes.images "${repository}" | default ${shippedImage} | quote`, (values) => {
    const chosen = values.runtimes.images[repository]
    return chosen ?? (own === undefined ? image : ourImage(own, values))
  })
}
