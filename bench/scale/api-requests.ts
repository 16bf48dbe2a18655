import type { Client } from '@millrace/kube'

/** Requests that an API server has answered so far, by `VERB resource`, as its own metrics tell. */
export type ApiRequests = ReadonlyMap<string, number>

const line = /^apiserver_request_total\{(.*)\} ([\d.e+]+)$/gm

/** Watches are left out: they are counted when they end. So is what the API server asks of itself all the time. */
export async function readApiRequests(client: Client): Promise<ApiRequests> {
  const { body } = await client.request('GET', '/metrics')
  const requests = new Map<string, number>()
  for (const [, labels = '', count] of String(body).matchAll(line)) {
    const { verb, resource, subresource, group } = labelsOf(labels)
    if (verb === 'WATCH' || !resource || group === 'coordination.k8s.io' || group === 'flowcontrol.apiserver.k8s.io')
      continue
    const name = `${verb} ${resource}${group ? `.${group}` : ''}${subresource ? `/${subresource}` : ''}`
    requests.set(name, (requests.get(name) ?? 0) + Number(count))
  }
  return requests
}

/** What came since `before`, the most frequent first. */
export function requestsSince(before: ApiRequests, after: ApiRequests): readonly (readonly [string, number])[] {
  return [...after]
    .map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const)
    .filter(([, count]) => count > 0)
    .toSorted(([, left], [, right]) => right - left)
}

export function isWrite(name: string): boolean {
  return /^(POST|PUT|PATCH|APPLY|DELETE|DELETECOLLECTION) /.test(name)
}

function labelsOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]))
}
