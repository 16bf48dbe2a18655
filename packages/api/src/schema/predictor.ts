import { text } from './schema.ts'

/** The names that a predictor may choose. */
export const predictorNames = {
  name: text("Name of this predictor among its canaries. Unset: made from the service's name.", {
    pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$',
    patternMeans: 'must be lower-case letters, digits and "-", beginning with a letter and not ending with "-"',
  }),
  storageContainerName: text(
    'Name of the ClusterStorageContainer that fetches the model, instead of the first that fits.',
  ),
}
