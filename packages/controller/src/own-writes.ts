import type { KubeObject } from '@millrace/kube'

/** The writes that we made ourselves, so that the watch's word of them is no reason to look again. */
export interface OwnWrites {
  add(object: KubeObject): void
  has(object: KubeObject): boolean
}

const keptMax = 20_000

export function createOwnWrites(): OwnWrites {
  const versions = new Set<string>()
  const versionOf = ({ metadata: { uid, resourceVersion } }: KubeObject) => `${uid}/${resourceVersion}`
  return {
    add: (object) => {
      versions.add(versionOf(object))
      const oldest = versions.size > keptMax ? versions.values().next().value : undefined
      if (oldest !== undefined) versions.delete(oldest)
    },
    has: (object) => versions.has(versionOf(object)),
  }
}
