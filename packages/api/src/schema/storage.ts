import { but, list, object, rule, text, textMap } from './schema.ts'

/** Where a model lies when the credentials and the bucket come from a Secret. */
const storageSpecFields = {
  path: text('Path of the model in the bucket or share.'),
  parameters: textMap('Overrides of the settings in the Secret, such as `type` or `bucket`.'),
  key: text('Which entry of the Secret `storage-config` to use.'),
}

/** spec.predictor.model.storage */
export const modelStorage = object('Storage by reference to a Secret, instead of storageUri.', {
  ...storageSpecFields,
  schemaPath: text("Path of a file that describes the model's inputs, beside the model."),
})

/** spec.<component>.logger.storage */
export const loggerStorage = but(
  object('Logs go to files in object storage, instead of to a URL.', {
    ...storageSpecFields,
    serviceAccountName: text('Service account whose Secrets hold the credentials.'),
  }),
  { rules: (['path', 'parameters', 'key'] as const).map(neededForLogs) },
)

function neededForLogs(field: string) {
  return rule<Readonly<Record<string, unknown>>>({
    name: 'logger-storage',
    cel: `has(self.${field})`,
    message: 'is required for logs in storage',
    advice: 'add it',
    field,
    holds: (storage) => storage[field] !== undefined,
  })
}

/** The storage of local model caches. */
export const cacheStorage = object('Credentials, when the source needs them.', {
  key: storageSpecFields.key,
  parameters: storageSpecFields.parameters,
})

/** Where a model is put in the container when the user doesn't say. */
export const defaultMountPath = '/mnt/models'

/** spec.<component>.storageUris */
export const storageUris = list(
  'Several things to fetch before the server starts, each into a directory of its own. Not together with storageUri.',
  object(
    'One thing to fetch.',
    {
      uri: text('Where it is, as in storageUri.', { minLength: 1 }),
      mountPath: text('The directory in the container, absolute.', {
        pattern: '^/.*',
        patternMeans: 'must be an absolute path: begin it with "/"',
        maxLength: 255,
        default: defaultMountPath,
      }),
    },
    ['uri'],
  ),
  { minItems: 1, listType: 'atomic' },
)

export const storageUri = text(
  'Where the model is: `s3://`, `gs://`, `hf://`, `pvc://`, `https://`, `file://`, `oci://` and others.',
)
