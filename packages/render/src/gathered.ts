import type { KubeObject } from '@millrace/kube'

/** What the renderer may know of a Secret: never a value, only which keys exist and the few facts that are not secret. */
export interface SecretFacts {
  readonly namespace: string
  readonly name: string
  readonly type?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly keys: readonly string[]
  /** For each key whose value is a JSON object (storage config): its fields that are not credentials. */
  readonly json: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Value of `https-host`: the host that HTTP headers are for. It becomes part of a variable's name. */
  readonly httpsHost?: string
  /** Scheme that `S3_ENDPOINT` begins with, when it does. */
  readonly s3Scheme?: 'http' | 'https'
  /** What `S3_USE_HTTPS` says, when it is there. */
  readonly s3UsesHttps?: boolean
  /** `AWS_CA_BUNDLE` and `AWS_CA_BUNDLE_CONFIGMAP`, where they are set: names of a file and a ConfigMap. */
  readonly s3Places?: Readonly<Record<string, string>>
}

/**
 * Everything `reads()` asked for and that exists, in any order; what is not in here does not exist. Secrets come as
 * facts (see `secretFacts`), never as objects. Offline, all objects of the user's files may be passed.
 */
export interface Gathered {
  readonly objects: readonly KubeObject[]
  readonly secrets: readonly SecretFacts[]
}

/** One thing to gather. `name` absent: all objects of the kind in the namespace (all namespaces when that is absent too). */
export interface Read {
  /** '' for the core group. */
  readonly group: string
  readonly kind: string
  readonly namespace?: string
  readonly name?: string
  readonly labels?: Readonly<Record<string, string>>
}
