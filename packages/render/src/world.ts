import type { KubeObject } from '@millrace/kube'
import type { Gathered, SecretFacts } from './gathered.ts'

/** Looks things up in what was gathered. Absent means: does not exist. */
export interface World {
  readonly find: (kind: string, name: string, namespace?: string) => KubeObject | undefined
  /** In the order of their names, so that what is made of them is stable. */
  readonly list: (kind: string, namespace?: string) => readonly KubeObject[]
  readonly secret: (namespace: string, name: string) => SecretFacts | undefined
}

export function worldOf(gathered: Gathered): World {
  const byKind = new Map<string, KubeObject[]>()
  for (const object of gathered.objects) {
    const key = `${object.kind}|${object.metadata.namespace ?? ''}`
    const same = byKind.get(key)
    if (same) same.push(object)
    else byKind.set(key, [object])
  }
  for (const objects of byKind.values()) objects.sort(byName)
  const list = (kind: string, namespace?: string) => byKind.get(`${kind}|${namespace ?? ''}`) ?? []
  return {
    list,
    find: (kind, name, namespace) => list(kind, namespace).find((object) => object.metadata.name === name),
    secret: (namespace, name) =>
      gathered.secrets.find((secret) => secret.namespace === namespace && secret.name === name),
  }
}

function byName(a: KubeObject, b: KubeObject): number {
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1
}
