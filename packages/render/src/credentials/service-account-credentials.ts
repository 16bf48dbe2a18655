import type { EnvVar, Volume, VolumeMount } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import type { Problem } from '../decision.ts'
import type { SecretFacts } from '../gathered.ts'
import type { StringMap } from '../pod/shape.ts'
import type { World } from '../world.ts'
import { type S3Settings, s3Env, s3SecretEnv, secretEnv } from './s3-env.ts'

/** `credentials` of the configuration. */
export interface CredentialSettings {
  readonly s3?: S3Settings
  readonly gcs?: { readonly gcsCredentialFileName?: string }
  readonly storageSpecSecretName?: string
  readonly storageSecretNameAnnotation?: string
}

/** What a container needs to reach storage. Everything secret is referred to, nothing is copied. */
export interface Credentials {
  readonly env: readonly EnvVar[]
  readonly mounts: readonly VolumeMount[]
  readonly volumes: readonly Volume[]
}

export type CredentialsResult =
  | { readonly ok: true; readonly credentials: Credentials }
  | { readonly ok: false; readonly problem: Problem }

const none: Credentials = { env: [], mounts: [], volumes: [] }

export interface CredentialsInput {
  readonly namespace: string
  readonly annotations: StringMap
  readonly serviceAccountName: string | undefined
  readonly settings: CredentialSettings
  readonly world: World
}

/**
 * Credentials of a pod's service account: those of the Secret that the annotation names, else of every Secret that the
 * account lists. An account that does not exist gives none; a Secret that does not exist is the user's mistake.
 */
export function serviceAccountCredentials(input: CredentialsInput): CredentialsResult {
  const { namespace, annotations, settings, world } = input
  const account = world.find('ServiceAccount', input.serviceAccountName || 'default', namespace)
  if (!account) return { ok: true, credentials: none }
  let credentials = none
  const accountAnnotations = account.metadata.annotations ?? {}
  if ('eks.amazonaws.com/role-arn' in accountAnnotations) {
    credentials = { ...none, env: s3Env(accountAnnotations, undefined, settings.s3 ?? {}) }
  }
  for (const name of secretNames(account, annotations, settings)) {
    const secret = world.secret(namespace, name)
    if (!secret) return { ok: false, problem: secretMissing(name, namespace, account.metadata.name ?? 'default') }
    credentials = joined(credentials, secretCredentials(secret, settings))
  }
  return { ok: true, credentials }
}

/** Names of the Secrets that `serviceAccountCredentials` looks at. */
export function secretNames(
  account: KubeObject,
  annotations: StringMap,
  settings: CredentialSettings,
): readonly string[] {
  const annotated = settings.storageSecretNameAnnotation && annotations[settings.storageSecretNameAnnotation]
  if (annotated) return [annotated]
  const listed: unknown = account['secrets']
  if (!Array.isArray(listed)) return []
  return listed.map((reference: unknown) => String(Object(reference).name ?? '')).filter((name) => name !== '')
}

function secretMissing(name: string, namespace: string, account: string): Problem {
  return {
    reason: 'SecretNotFound',
    message: `Secret "${name}" of service account "${account}" does not exist in namespace "${namespace}": create it, or take it off the account.`,
    condition: 'PredictorReady',
  }
}

/** Later variables replace earlier ones of the same name (a Secret wins over the account's role). */
function joined(a: Credentials, b: Credentials): Credentials {
  const names = new Set(b.env.map((variable) => variable.name))
  const volumes = new Map([...b.volumes, ...a.volumes].map((volume) => [volume.name, volume]))
  return {
    env: [...a.env.filter((variable) => !names.has(variable.name)), ...b.env],
    mounts: [...a.mounts, ...b.mounts.filter(({ name }) => a.mounts.every((mount) => mount.name !== name))],
    volumes: [...volumes.values()],
  }
}

interface Recipe {
  readonly fits: (secret: SecretFacts, settings: CredentialSettings) => boolean
  readonly make: (secret: SecretFacts, settings: CredentialSettings) => Credentials
}

const s3KeyName = (settings: CredentialSettings) => settings.s3?.s3SecretAccessKeyName || 'awsSecretAccessKey'
const gcsFileName = (settings: CredentialSettings) =>
  settings.gcs?.gcsCredentialFileName || 'gcloud-application-credentials.json'

/** A Secret is known by its keys; the first recipe that fits is used. */
const recipes: readonly Recipe[] = [
  {
    fits: (secret, settings) => secret.keys.includes(s3KeyName(settings)),
    make: (secret, settings) => ({ ...none, env: s3SecretEnv(secret, settings.s3 ?? {}) }),
  },
  {
    fits: (secret, settings) => secret.keys.includes(gcsFileName(settings)),
    make: (secret, settings) => ({
      env: [{ name: 'GOOGLE_APPLICATION_CREDENTIALS', value: `/var/secrets/${gcsFileName(settings)}` }],
      ...mountedSecret('user-gcp-sa', '/var/secrets/', secret.name),
    }),
  },
  {
    fits: (secret) =>
      ['AZ_CLIENT_ID', 'AZURE_CLIENT_ID', 'AZURE_ACCESS_TOKEN'].some((key) => secret.keys.includes(key)),
    make: (secret) => ({ ...none, env: azureEnv(secret) }),
  },
  {
    fits: (secret) => secret.keys.includes('AZURE_STORAGE_ACCESS_KEY'),
    make: (secret) => ({
      ...none,
      env: [secretEnv('AZURE_STORAGE_ACCESS_KEY', secret.name, 'AZURE_STORAGE_ACCESS_KEY')],
    }),
  },
  {
    fits: (secret) => secret.keys.includes('https-host'),
    make: (secret) => {
      const isWhole = secret.httpsHost !== undefined && secret.keys.includes('headers')
      return isWhole ? { ...none, env: [secretEnv(`${secret.httpsHost}-headers`, secret.name, 'headers')] } : none
    },
  },
  {
    fits: (secret) => secret.keys.includes('HDFS_NAMENODE'),
    make: (secret) => ({ env: [], ...mountedSecret('hdfs-secrets', '/var/secrets/kserve-hdfscreds', secret.name) }),
  },
  ...['HF_TOKEN', 'MODELSCOPE_API_TOKEN'].map((key) => ({
    fits: (secret: SecretFacts) => secret.keys.includes(key),
    make: (secret: SecretFacts) => ({ ...none, env: [secretEnv(key, secret.name, key)] }),
  })),
]

function secretCredentials(secret: SecretFacts, settings: CredentialSettings): Credentials {
  return recipes.find((recipe) => recipe.fits(secret, settings))?.make(secret, settings) ?? none
}

function mountedSecret(volume: string, mountPath: string, secretName: string) {
  return {
    volumes: [{ name: volume, secret: { secretName } }],
    mounts: [{ name: volume, mountPath, readOnly: true }],
  }
}

/** Variable, and the key that older Secrets have for it. Only what the Secret has is referred to: a missing key would keep the pod from starting. */
const azureVariables: readonly (readonly [name: string, olderKey: string | undefined])[] = [
  ['AZURE_SUBSCRIPTION_ID', 'AZ_SUBSCRIPTION_ID'],
  ['AZURE_TENANT_ID', 'AZ_TENANT_ID'],
  ['AZURE_CLIENT_ID', 'AZ_CLIENT_ID'],
  ['AZURE_CLIENT_SECRET', 'AZ_CLIENT_SECRET'],
  ['AZURE_STORAGE_ACCESS_KEY', undefined],
  ['AZURE_ACCESS_TOKEN', undefined],
  ['AZURE_ACCESS_EXPIRES_ON_SECONDS', undefined],
  ['AZURE_ACCOUNT_NAME', undefined],
  ['AZURE_SERVICE_URL', undefined],
]

function azureEnv(secret: SecretFacts): EnvVar[] {
  const env: EnvVar[] = []
  for (const [name, olderKey] of azureVariables) {
    const key = olderKey && secret.keys.includes(olderKey) ? olderKey : name
    if (secret.keys.includes(key)) env.push(secretEnv(name, secret.name, key))
  }
  return env
}
