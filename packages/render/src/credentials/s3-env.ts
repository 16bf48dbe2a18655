import { type EnvVar, s3Annotations } from '@millrace/api'
import type { SecretFacts } from '../gathered.ts'
import type { StringMap } from '../pod/shape.ts'

/** `credentials.s3` of the configuration. */
export interface S3Settings {
  readonly s3AccessKeyIDName?: string
  readonly s3SecretAccessKeyName?: string
  readonly s3Endpoint?: string
  readonly s3UseHttps?: string
  readonly s3Region?: string
  readonly s3VerifySSL?: string
  readonly s3UseVirtualBucket?: string
  readonly s3UseAccelerate?: string
  readonly s3UseAnonymousCredential?: string
  readonly s3CABundle?: string
  readonly s3CABundleConfigMap?: string
}

interface Setting {
  readonly env: string
  readonly annotation: string
  readonly config: keyof S3Settings
}

/** Variable, annotation (on the Secret or the ServiceAccount) and configuration key of each setting, in the order they are set. */
const settings: readonly Setting[] = [
  { env: 'S3_VERIFY_SSL', annotation: s3Annotations.verifySsl, config: 's3VerifySSL' },
  {
    env: 'awsAnonymousCredential',
    annotation: s3Annotations.useAnonymousCredential,
    config: 's3UseAnonymousCredential',
  },
  { env: 'AWS_DEFAULT_REGION', annotation: s3Annotations.region, config: 's3Region' },
  { env: 'S3_USER_VIRTUAL_BUCKET', annotation: s3Annotations.useVirtualBucket, config: 's3UseVirtualBucket' },
  { env: 'S3_USE_ACCELERATE', annotation: s3Annotations.useAccelerate, config: 's3UseAccelerate' },
  { env: 'AWS_CA_BUNDLE', annotation: s3Annotations.caBundle, config: 's3CABundle' },
  { env: 'AWS_CA_BUNDLE_CONFIGMAP', annotation: s3Annotations.caBundleConfigMap, config: 's3CABundleConfigMap' },
]

/**
 * Variables of an S3 client. Each setting comes from the annotation, else from the Secret (by reference; only places by value),
 * else from the configuration; an empty one is left out.
 */
export function s3Env(annotations: StringMap, secret: SecretFacts | undefined, config: S3Settings): EnvVar[] {
  const env = endpointEnv(annotations, secret, config)
  for (const setting of settings) {
    const variable = settingEnv(setting, annotations, secret, config)
    if (variable) env.push(variable)
  }
  return env
}

/** The two keys of an S3 Secret, by reference, and the settings around them. */
export function s3SecretEnv(secret: SecretFacts, config: S3Settings): EnvVar[] {
  return [
    secretEnv('AWS_ACCESS_KEY_ID', secret.name, config.s3AccessKeyIDName || 'awsAccessKeyID'),
    secretEnv('AWS_SECRET_ACCESS_KEY', secret.name, config.s3SecretAccessKeyName || 'awsSecretAccessKey'),
    ...s3Env(secret.annotations, secret, config),
  ]
}

export function secretEnv(name: string, secret: string, key: string): EnvVar {
  return { name, valueFrom: { secretKeyRef: { name: secret, key } } }
}

function settingEnv(
  setting: Setting,
  annotations: StringMap,
  secret: SecretFacts | undefined,
  config: S3Settings,
): EnvVar | undefined {
  const open = annotations[setting.annotation] ?? secret?.s3Places?.[setting.env]
  if (open === undefined && secret?.keys.includes(setting.env)) return secretEnv(setting.env, secret.name, setting.env)
  const value = open ?? config[setting.config]
  return value ? { name: setting.env, value } : undefined
}

function endpointEnv(annotations: StringMap, secret: SecretFacts | undefined, config: S3Settings): EnvVar[] {
  const annotated = annotations[s3Annotations.endpoint]
  if (annotated === undefined && secret?.keys.includes('S3_ENDPOINT'))
    return referredEndpoint(annotations, secret, config)
  const endpoint = (annotated ?? config.s3Endpoint ?? '').trim()
  if (!endpoint) return []
  const scheme = /^(https?):\/\//i.exec(endpoint)?.[1]?.toLowerCase()
  if (scheme) {
    return [
      { name: 'S3_USE_HTTPS', value: scheme === 'https' ? '1' : '0' },
      { name: 'S3_ENDPOINT', value: endpoint.slice(scheme.length + 3) },
      { name: 'AWS_ENDPOINT_URL', value: endpoint },
    ]
  }
  const { variable, isHttps } = useHttps(annotations, secret, config)
  return [
    ...(variable ? [variable] : []),
    { name: 'S3_ENDPOINT', value: endpoint },
    { name: 'AWS_ENDPOINT_URL', value: `${isHttps ? 'https' : 'http'}://${endpoint}` },
  ]
}

/** The endpoint stands in the Secret: it is referred to, and the URL is put together in the container. */
function referredEndpoint(annotations: StringMap, secret: SecretFacts, config: S3Settings): EnvVar[] {
  const endpoint = secretEnv('S3_ENDPOINT', secret.name, 'S3_ENDPOINT')
  if (secret.s3Scheme) {
    return [
      { name: 'S3_USE_HTTPS', value: secret.s3Scheme === 'https' ? '1' : '0' },
      endpoint,
      { name: 'AWS_ENDPOINT_URL', value: '$(S3_ENDPOINT)' },
    ]
  }
  const { variable, isHttps } = useHttps(annotations, secret, config)
  return [
    ...(variable ? [variable] : []),
    endpoint,
    { name: 'AWS_ENDPOINT_URL', value: `${isHttps ? 'https' : 'http'}://$(S3_ENDPOINT)` },
  ]
}

function useHttps(annotations: StringMap, secret: SecretFacts | undefined, config: S3Settings) {
  const setting: Setting = { env: 'S3_USE_HTTPS', annotation: s3Annotations.useHttps, config: 's3UseHttps' }
  const variable = settingEnv(setting, annotations, secret, config)
  const isHttps = variable?.valueFrom ? secret?.s3UsesHttps !== false : variable?.value !== '0'
  return { variable, isHttps }
}
