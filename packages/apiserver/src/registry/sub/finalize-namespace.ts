import type { KubeObject } from '@millrace/kube'
import type { Answer } from '../../http/respond.ts'
import type { ApiRequest } from '../api-request.ts'
import { changeStored } from '../change-stored.ts'
import { findEntry } from '../get.ts'
import { readObject } from '../object-body.ts'
import { checkNameOfPath } from '../object-name.ts'
import type { Platform } from '../platform.ts'
import { parseWriteOptions } from '../write-options.ts'

/** PUT of a Namespace to its finalize subresource: takes only `spec.finalizers`. */
export async function finalizeNamespace(platform: Platform, request: ApiRequest): Promise<Answer> {
  const { path, resource } = request
  const options = parseWriteOptions(request)
  const object = await readObject(request, options)
  checkNameOfPath(request, object)
  findEntry(platform.store, resource, '', path.name)
  const { finalizers = [] } = (object['spec'] ?? {}) as { finalizers?: readonly string[] }
  let result: KubeObject = object
  await changeStored(platform, resource.bucket, path.name, (present) => {
    result = { ...present, spec: { ...(present['spec'] as object), finalizers } }
    if (options.dryRun) return undefined
    const { deletionTimestamp, finalizers: own } = present.metadata
    return deletionTimestamp && finalizers.length === 0 && !own?.length ? 'remove' : result
  })
  return { code: 200, body: result }
}
