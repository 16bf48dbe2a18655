import type { EnvVar } from '@millrace/api'
import type { Problem } from '../decision.ts'
import type { StringMap } from '../pod/shape.ts'
import type { World } from '../world.ts'
import { type CredentialSettings } from './service-account-credentials.ts'
import { secretEnv } from './s3-env.ts'

/** Stands for the scheme of a URI whose storage type only the storage Secret knows. */
export const schemePlaceholder = '<scheme-placeholder>'

export interface StorageConfigInput {
  readonly namespace: string
  readonly annotations: StringMap
  /** Key in the Secret; empty: the default one of the storage type. */
  readonly key: string
  readonly parameters: StringMap
  readonly settings: CredentialSettings
  readonly world: World
}

export type StorageConfigResult =
  | { readonly ok: true; readonly args: readonly string[]; readonly env: readonly EnvVar[] }
  | { readonly ok: false; readonly problem: Problem }

const storageTypes = ['s3', 'hdfs', 'webhdfs']

/** Name of the Secret with storage configurations: the annotation's, else the configuration's, else `storage-config`. */
export function storageSecretName(annotations: StringMap, settings: CredentialSettings): string {
  const annotated = settings.storageSecretNameAnnotation && annotations[settings.storageSecretNameAnnotation]
  return annotated || settings.storageSpecSecretName || 'storage-config'
}

/**
 * Completes the initializer's arguments (`<scheme-placeholder>://path` → `s3://bucket/path`) and hands it the Secret's
 * entry by reference.
 */
export function storageConfigCredentials(args: readonly string[], input: StorageConfigInput): StorageConfigResult {
  const { namespace, settings, parameters } = input
  const name = storageSecretName(input.annotations, settings)
  const secret = input.world.secret(namespace, name)
  const givenType = parameters['type'] ?? ''
  const key = input.key || (givenType ? `default_${givenType}` : 'default')
  const hasEntry = secret?.keys.includes(key) ?? false
  if (input.key && !hasEntry) {
    const what = secret ? `has no key "${key}"` : 'does not exist'
    return refused(
      `Secret "${name}" in namespace "${namespace}" ${what}: add it, or correct spec.predictor.model.storage.key.`,
    )
  }
  const facts = hasEntry && !givenType ? (secret?.json[key] ?? {}) : {}
  if (hasEntry && !givenType && !secret?.json[key]) {
    return refused(`Key "${key}" of Secret "${name}" is not a JSON object: write it as {"type": "s3", "bucket": …}.`)
  }
  const type = givenType || (facts['type'] ?? '')
  if (facts['type'] && !storageTypes.includes(facts['type'])) {
    return refused(
      `Storage type "${facts['type']}" in key "${key}" of Secret "${name}" is not supported: use one of ${storageTypes.join(', ')}.`,
    )
  }
  if (!type) {
    return refused(
      `The storage type is not known: set spec.predictor.model.storage.parameters.type, or add "${key}" to Secret "${name}".`,
    )
  }
  const bucket = parameters['bucket'] || facts['bucket']
  const needsBucket = args[0]?.startsWith(`${schemePlaceholder}://`) && type === 's3'
  if (needsBucket && !bucket) {
    return refused(
      `Storage of type "${type}" needs a bucket: set it in spec.predictor.model.storage.parameters, or in key "${key}" of Secret "${name}".`,
    )
  }
  const bundle = facts['cabundle_configmap']
  const env: EnvVar[] = []
  if (bundle !== undefined) env.push({ name: 'AWS_CA_BUNDLE_CONFIGMAP', value: bundle })
  if (hasEntry) env.push(secretEnv('STORAGE_CONFIG', name, key))
  if (Object.keys(parameters).length > 0) {
    const sorted = Object.fromEntries(Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1)))
    env.push({ name: 'STORAGE_OVERRIDE_CONFIG', value: JSON.stringify(sorted) })
  }
  return { ok: true, args: args.map((arg) => completed(arg, type, bucket)), env }
}

function completed(arg: string, type: string, bucket: string | undefined): string {
  const prefix = `${schemePlaceholder}://`
  if (!arg.startsWith(prefix)) return arg
  const path = arg.slice(prefix.length)
  return type === 's3' ? `${type}://${bucket}/${path}` : `${type}://${path}`
}

function refused(message: string): StorageConfigResult {
  return {
    ok: false,
    problem: { reason: 'InvalidStorage', message, path: 'spec.predictor.model.storage', condition: 'PredictorReady' },
  }
}
