import type { KubeObject } from '@millrace/kube'
import { tooManyRequests } from '../../http/api-error.ts'
import type { Answer } from '../../http/respond.ts'
import type { ApiRequest } from '../api-request.ts'
import { deleteObject } from '../delete.ts'
import { readDeleteOptions } from '../delete-options.ts'
import { findEntry } from '../get.ts'
import { isRecord, readBodyValue } from '../object-body.ts'
import type { Platform } from '../platform.ts'
import { fromLabelSelectorObject, matchesLabels } from '../selector.ts'
import { parseDryRun } from '../write-options.ts'

interface Budget extends KubeObject {
  readonly spec?: { readonly selector?: object }
  readonly status?: { readonly disruptionsAllowed?: number }
}

/** POST of an Eviction: a delete that PodDisruptionBudgets may refuse with 429. */
export async function evictPod(platform: Platform, request: ApiRequest): Promise<Answer> {
  const { path, resource, query } = request
  const { value } = await readBodyValue(request)
  const given = isRecord(value) && isRecord(value['deleteOptions']) ? value['deleteOptions'] : {}
  const bytes = Buffer.from(JSON.stringify({ ...given, kind: 'DeleteOptions' }))
  const options = await readDeleteOptions({
    ...request,
    contentType: 'application/json',
    readBody: () => Promise.resolve(bytes),
  })
  const entry = findEntry(platform.store, resource, path.namespace, path.name)
  const pod = JSON.parse(entry.value) as KubeObject & { readonly status?: { readonly phase?: string } }
  const isOver = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed' || pod.status?.phase === 'Pending'
  if (!isOver && !pod.metadata.deletionTimestamp) checkBudgets(platform, path.namespace, pod)
  const dryRun = options.dryRun || parseDryRun(query.getAll('dryRun'), 'CreateOptions')
  await deleteObject(platform, request, path.namespace, path.name, { ...options, dryRun })
  return { code: 201, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } }
}

function checkBudgets(platform: Platform, namespace: string, pod: KubeObject): void {
  const range = { prefix: `${namespace}/` }
  for (const { value } of platform.store.list('poddisruptionbudgets.policy', range).entries) {
    const budget = JSON.parse(value) as Budget
    if (!budget.spec?.selector) continue
    if (!matchesLabels(fromLabelSelectorObject(budget.spec.selector), pod.metadata.labels)) continue
    if ((budget.status?.disruptionsAllowed ?? 0) > 0) continue
    throw tooManyRequests(`Cannot evict pod as it would violate the pod's disruption budget.`, 10)
  }
}
