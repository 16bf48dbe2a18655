import { containerFields } from './pod.ts'
import { but, flag, object, rule, text } from './schema.ts'
import { modelStorage, storageUri } from './storage.ts'

/** What every model server takes: a container's fields and where its model is. */
export const modelServerFields = {
  ...containerFields,
  storageUri,
  storage: modelStorage,
  protocolVersion: text("The protocol to serve: `v1`, `v2`, `grpc-v1` or `grpc-v2`. Unset: the runtime's."),
  runtimeVersion: text("Tag of the runtime's image, in place of its own."),
  confidential: object(
    'The model is stored encrypted and is opened only in an attested pod.',
    {
      enabled: flag('Whether it is.'),
      resourceId: text('Which key the attestation service shall release.'),
    },
    ['enabled'],
  ),
}

interface Confidential {
  readonly storageUri?: string
  readonly confidential?: { readonly enabled: boolean }
}

/** Of every model: what is encrypted must be somewhere. */
export const confidentialSource = rule<Confidential>({
  name: 'confidential',
  cel: "!has(self.confidential) || !self.confidential.enabled || (has(self.storageUri) && self.storageUri != '')",
  message: 'is required by confidential',
  advice: 'say where the encrypted model is',
  field: 'storageUri',
  holds: ({ confidential, storageUri }) => !confidential?.enabled || Boolean(storageUri),
})

/** The model format, under its name in each version. */
export const modelFormat = object(
  'The format, by which a runtime is found.',
  {
    name: text('Name of the format, such as `sklearn` or `onnx`.'),
    version: text('Version of the format, such as `1`.'),
  },
  ['name'],
)

export const runtimeName = text('Name of the ServingRuntime or ClusterServingRuntime to use. Unset: found by format.')

/** spec.predictor.model */
export const model = but(
  object('The model, and which server runs it.', { ...modelServerFields, modelFormat, runtime: runtimeName }),
  { rules: [confidentialSource] },
)

/** The predictor forms of KServe's first API, one field per framework. */
export const frameworks = [
  'sklearn',
  'xgboost',
  'tensorflow',
  'pytorch',
  'triton',
  'onnx',
  'huggingface',
  'pmml',
  'lightgbm',
  'paddle',
] as const
export type Framework = (typeof frameworks)[number]

const frameworkServer = object('The older form.', modelServerFields)

/** `spec.predictor.sklearn`: still accepted, and read as `model` with that format. */
export function legacyFramework(framework: Framework) {
  const description = `Older form of \`model\` with modelFormat \`${framework}\`.`
  return but(frameworkServer, { description, inCrd: 'open', rules: [confidentialSource] })
}
