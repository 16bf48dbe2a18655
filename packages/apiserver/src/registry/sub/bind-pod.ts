import type { KubeObject } from '@millrace/kube'
import { badRequest, conflict } from '../../http/api-error.ts'
import type { Answer } from '../../http/respond.ts'
import type { ApiRequest } from '../api-request.ts'
import { changeStored } from '../change-stored.ts'
import { findEntry } from '../get.ts'
import { isRecord, readBodyValue } from '../object-body.ts'
import { type Platform, timestamp } from '../platform.ts'
import { storeKey } from '../served-resource.ts'
import { parseWriteOptions } from '../write-options.ts'

interface Pod extends KubeObject {
  readonly spec?: { readonly nodeName?: string; readonly schedulingGates?: readonly unknown[] }
  readonly status?: { readonly conditions?: readonly { readonly type: string }[] }
}

const pods = { group: '', plural: 'pods/binding' } as const

/** POST of a Binding: a scheduler puts a pod on a node, once. */
export async function bindPod(platform: Platform, request: ApiRequest): Promise<Answer> {
  const { path, resource } = request
  const { value } = await readBodyValue(request)
  const target = isRecord(value) && isRecord(value['target']) ? value['target'] : {}
  const node = target['name']
  if (typeof node !== 'string' || node === '') throw badRequest('target.name: Required value: the node must be named')
  if (target['kind'] && target['kind'] !== 'Node') {
    throw badRequest(
      `target.kind: Unsupported value: ${JSON.stringify(target['kind'])}: supported values: "Node", "<empty>"`,
    )
  }
  findEntry(platform.store, resource, path.namespace, path.name)
  const now = timestamp(platform.now())
  const isDryRun = parseWriteOptions(request).dryRun
  await changeStored(platform, resource.bucket, storeKey(path.namespace, path.name), (object) => {
    const pod = object as Pod
    if (pod.metadata.deletionTimestamp)
      throw conflict(pods, path.name, `pod ${path.name} is being deleted, cannot be assigned to a host`)
    if (pod.spec?.nodeName) {
      throw conflict(
        pods,
        path.name,
        `pod ${path.name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`,
      )
    }
    if (pod.spec?.schedulingGates?.length) {
      throw conflict(pods, path.name, `pod ${path.name} has non-empty .spec.schedulingGates`)
    }
    const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled')
    const scheduled = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now }
    const bound = {
      ...pod,
      spec: { ...pod.spec, nodeName: node },
      status: { ...pod.status, conditions: [...others, scheduled] },
    }
    return isDryRun ? undefined : bound
  })
  return { code: 201, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } }
}

/** POST of a Binding to `bindings` names the pod in its metadata. */
export async function bindingRequest(platform: Platform, request: ApiRequest): Promise<ApiRequest> {
  const bytes = await request.readBody()
  const again = { ...request, readBody: () => Promise.resolve(bytes) }
  const { value } = await readBodyValue(again)
  const name = isRecord(value) && isRecord(value['metadata']) ? value['metadata']['name'] : undefined
  if (typeof name !== 'string' || name === '') throw badRequest('metadata.name: Required value: the pod must be named')
  const resource = platform.resources.find('', 'v1', 'pods') ?? request.resource
  return { ...again, resource, path: { ...request.path, plural: 'pods', name, subresource: 'binding' } }
}
