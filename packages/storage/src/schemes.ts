import { redactUri } from './redact-uri.ts'
import type { FetchJob } from './fetch-options.ts'
import { StorageError } from './storage-error.ts'

export interface Scheme {
  readonly name: string
  readonly matches: (uri: string) => boolean
  /** A scheme's code is loaded when a URI needs it. */
  readonly importFetch: () => Promise<(job: FetchJob) => Promise<void>>
}

const startsWith = (prefix: string) => (uri: string) => uri.startsWith(prefix)

/** In this order: the first match is taken. */
const schemes: readonly Scheme[] = [
  { name: 'file', matches: startsWith('file://'), importFetch: async () => (await import('./file.ts')).fetchFile },
  { name: 'pvc', matches: startsWith('pvc://'), importFetch: async () => (await import('./pvc.ts')).fetchPvc },
  // KServe's webhook rewrites pvc://claim/path to the path where it mounts the claim.
  { name: 'path', matches: startsWith('/'), importFetch: async () => (await import('./file.ts')).fetchFile },
  {
    name: 'http',
    matches: (uri) => /^https?:\/\//.test(uri),
    importFetch: async () => (await import('./http/fetch-http.ts')).fetchHttp,
  },
]

/** What KServe fetches and this version does not, by what the URI looks like. */
const refused: readonly { readonly name: string; readonly pattern: RegExp }[] = [
  { name: 's3://', pattern: /^s3:\/\// },
  { name: 'gs://', pattern: /^gs:\/\// },
  { name: 'hf://', pattern: /^hf:\/\// },
  { name: 'oci://', pattern: /^oci:\/\// },
  { name: 'modelscope://', pattern: /^modelscope:\/\// },
  { name: 'hdfs://', pattern: /^(web)?hdfs:\/\// },
  { name: 'Azure storage', pattern: /^https:\/\/[^/]+\.(blob|file)\.(core\.windows\.net|storage\.azure\.net)\// },
  { name: 'git', pattern: /^https:\/\/[^?]+\.git$/ },
]

/** The scheme that fetches a URI. Throws `Invalid` naming those that can be used. */
export function findScheme(uri: string): Scheme {
  const unserved = refused.find(({ pattern }) => pattern.test(uri))
  if (unserved !== undefined) {
    throw new StorageError(
      'Invalid',
      `${unserved.name} cannot be fetched from yet (${redactUri(uri)}); download the model once and use file:// or pvc://, or serve it over http(s)://.`,
    )
  }
  const scheme = schemes.find((row) => row.matches(uri))
  if (scheme !== undefined) return scheme
  throw new StorageError(
    'Invalid',
    `"${redactUri(uri)}" is no storage URI; expected file://, pvc://, http:// or https://.`,
  )
}
