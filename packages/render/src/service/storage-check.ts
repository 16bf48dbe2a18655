import type { Problem } from '../decision.ts'
import { findStorageContainer } from '../pod/storage-container.ts'
import { parseOciUri, parsePvcUri } from '../pod/storage-uri.ts'
import type { World } from '../world.ts'

const schemes = ['gs', 's3', 'pvc', 'file', 'https', 'http', 'hdfs', 'webhdfs', 'oci', 'oci+native', 'oci+fetch', 'hf']

/** A URI must be one that a storage container or the default initializer fetches; without a scheme it is a local path. */
export function checkStorageUri(uri: string, path: string, world: World): Problem | undefined {
  const custom = findStorageContainer(uri, undefined, world)
  if (custom.ok && custom.found) return undefined
  if (uri.startsWith('pvc://') && parsePvcUri(uri).claim === '')
    return unfit(`Storage URI "${uri}" names no claim: write pvc://<claim>/<path>.`, path)
  if (parseOciUri(uri)?.image === '') return unfit(`Storage URI "${uri}" names no image: write oci://<image>.`, path)
  const scheme = /(\w+?):\/\//.exec(uri)
  if (!scheme) return undefined
  if (uri.includes('blob.core.windows.net')) {
    if (/https:\/\/(.+?).blob.core.windows.net\/(.+)/.test(uri)) return undefined
  } else if (schemes.some((known) => uri.startsWith(`${known}://`))) return undefined
  return unfit(
    `Storage URI "${uri}" has a scheme that nothing here can fetch: use one of ${schemes.join(', ')}, or add a ClusterStorageContainer for it.`,
    path,
  )
}

function unfit(message: string, path: string): Problem {
  return { reason: 'InvalidStorage', message, path, condition: 'PredictorReady' }
}
