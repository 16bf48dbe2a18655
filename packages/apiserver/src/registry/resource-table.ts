import type { ServedResource } from './served-resource.ts'

/** Which resources are served at this moment. */
export interface ResourceTable {
  /** Grows with every change; answers made from the table are good as long as it is the same. */
  readonly generation: number
  find(group: string, version: string, plural: string): ServedResource | undefined
  /** In the order of discovery: core first, then groups as they came. */
  all(): readonly ServedResource[]
  /** Versions of a group, preferred first. */
  versionsOf(group: string): readonly string[]
  /** Replaces what a source (the built-in catalog, or one CRD) serves; an empty list removes it. */
  serve(source: string, resources: readonly ServedResource[]): void
}

export function createResourceTable(): ResourceTable {
  const sources = new Map<string, readonly ServedResource[]>()
  let byPath = new Map<string, ServedResource>()
  let generation = 0

  function rebuild(): void {
    byPath = new Map()
    for (const resource of [...sources.values()].flat()) {
      const path = pathOf(resource.gvk.group, resource.gvk.version, resource.plural)
      if (!byPath.has(path)) byPath.set(path, resource)
    }
    generation++
  }

  function versionsOf(group: string): readonly string[] {
    const versions = new Set<string>()
    for (const { gvk } of byPath.values()) if (gvk.group === group) versions.add(gvk.version)
    return [...versions].sort(compareVersions)
  }

  return {
    get generation() {
      return generation
    },
    find: (group, version, plural) => byPath.get(pathOf(group, version, plural)),
    all: () => [...byPath.values()],
    versionsOf,
    serve: (source, resources) => {
      if (resources.length === 0) sources.delete(source)
      else sources.set(source, resources)
      rebuild()
    },
  }
}

function pathOf(group: string, version: string, plural: string): string {
  return `${group}/${version}/${plural}`
}

const versionPattern = /^v(\d+)(?:(alpha|beta)(\d+))?$/
const stability = { alpha: 0, beta: 1, '': 2 } as const

/** Kubernetes' version priority: stable before beta before alpha, higher numbers first, odd names last by alphabet. */
export function compareVersions(a: string, b: string): number {
  const left = rank(a)
  const right = rank(b)
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : a > b ? 1 : 0
  for (const [position, value] of left.entries()) {
    const difference = (right[position] ?? 0) - value
    if (difference !== 0) return difference
  }
  return 0
}

function rank(version: string): readonly number[] | undefined {
  const match = versionPattern.exec(version)
  if (!match) return undefined
  const [, major, phase = '', minor = '0'] = match
  return [stability[phase as keyof typeof stability], Number(major), Number(minor)]
}
