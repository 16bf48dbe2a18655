import { flag, type Infer, kubernetesObject, list, object, text } from '../schema/schema.ts'
import type { KindSource } from './kind-source.ts'
import type { ServingObject } from './object-meta.ts'

const spec = object(
  'How to fetch models.',
  {
    container: kubernetesObject('Container', {
      description: 'The container that fetches: it gets URI and directory as arguments.',
    }),
    supportedUriFormats: list(
      'The URIs that it fetches. One match is enough.',
      object('One way to match. Set one field.', {
        prefix: text('What the URI begins with.'),
        regex: text('A regular expression that the URI matches.'),
      }),
    ),
    workloadType: text('What it is used for: `initContainer` of a service (if unset) or `localModelDownloadJob`.', {
      default: 'initContainer',
    }),
    supportsMultiModelDownload: flag('Whether one run takes several URIs.', { default: false }),
  },
  ['container', 'supportedUriFormats'],
)

const disabled = flag('Whether it is left out of the search.')

export interface ClusterStorageContainerSpec extends Infer<typeof spec> {}
export type ClusterStorageContainer = ServingObject<
  'ClusterStorageContainer',
  'v1alpha1',
  ClusterStorageContainerSpec
> & {
  disabled?: boolean
}

export const clusterStorageContainer: KindSource = {
  kind: 'ClusterStorageContainer',
  plural: 'clusterstoragecontainers',
  singular: 'clusterstoragecontainer',
  shortNames: [],
  categories: ['kserve'],
  namespaced: false,
  installGroup: 'core',
  description: 'A program that fetches models from some kind of storage.',
  versions: [
    {
      name: 'v1alpha1',
      served: true,
      storage: true,
      fields: { spec, disabled },
      required: ['spec'],
      statusSubresource: false,
      printerColumns: [],
    },
  ],
}
