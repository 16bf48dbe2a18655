import { checkObject, crds, formatFinding, group, withoutNulls } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { type Capabilities, render } from '@millrace/render'
import { counted } from '../counted.ts'
import type { Manifest } from '../manifest-files.ts'
import { offlineWorld } from '../offline-world.ts'
import { differingFields, type FieldChange } from './differing-fields.ts'

export interface DefinitionChange {
  readonly name: string
  readonly change: 'new' | 'changed' | 'unknown'
  readonly message: string
}

export interface ObjectTrouble {
  readonly object: string
  readonly severity: 'error' | 'warning'
  readonly message: string
}

export interface ServiceChange {
  readonly service: string
  /** `rolls`: its pods are replaced once; `same`: nothing happens to them; `refused`: it cannot be rendered; `absent`: nothing runs yet. */
  readonly outcome: 'rolls' | 'same' | 'refused' | 'absent'
  readonly why: string
  readonly changes: readonly FieldChange[]
}

export interface Preview {
  readonly definitions: readonly DefinitionChange[]
  readonly objects: readonly ObjectTrouble[]
  readonly services: readonly ServiceChange[]
}

interface Definition extends KubeObject {
  spec: { readonly versions: readonly { readonly name: string; readonly served: boolean }[] }
}

/** What taking over from the controller that runs now would change, told from the objects as they are. */
export function previewUpgrade(objects: readonly KubeObject[], capabilities: Capabilities): Preview {
  return {
    definitions: definitionChanges(objects),
    objects: objectTroubles(objects),
    services: serviceChanges(objects, capabilities),
  }
}

function definitionChanges(objects: readonly KubeObject[]): readonly DefinitionChange[] {
  // Named by what Kubernetes calls them; the spec is as its own schema has it.
  const live = objects.filter(
    (object) => object.kind === 'CustomResourceDefinition' && (object.metadata.name ?? '').endsWith(`.${group}`),
  ) as Definition[]
  if (live.length === 0) return []
  const ours = new Map(crds('full').map((definition) => [definition.metadata.name, definition]))
  const changes: DefinitionChange[] = []
  for (const [name, definition] of ours) {
    const found = live.find((candidate) => candidate.metadata.name === name)
    const versions = definition.spec.versions.filter((version) => version.served).map((version) => version.name)
    if (!found) {
      changes.push({ name: name ?? '', change: 'new', message: `would be installed, serving ${versions.join(', ')}` })
      continue
    }
    const lost = found.spec.versions
      .filter((version) => version.served && !versions.includes(version.name))
      .map((version) => version.name)
    const message =
      lost.length > 0
        ? `would no longer serve ${lost.join(', ')}: move clients first`
        : `would be replaced in place; it serves ${versions.join(', ')}`
    changes.push({ name: name ?? '', change: 'changed', message })
  }
  for (const { metadata } of live) {
    if (!ours.has(metadata.name ?? ''))
      changes.push({
        name: metadata.name ?? '',
        change: 'unknown',
        message: 'is not ours; it and its objects are left alone',
      })
  }
  return changes
}

function objectTroubles(objects: readonly KubeObject[]): readonly ObjectTrouble[] {
  return objects
    .filter((object) => object.apiVersion.startsWith(`${group}/`))
    .flatMap((object) =>
      checkObject(asWritten(object)).map((finding) => ({
        object: nameOf(object),
        severity: finding.severity,
        message: formatFinding(finding),
      })),
    )
}

/** Without what a server adds: it is about what people wrote. */
function asWritten(object: KubeObject): unknown {
  const { status: _, metadata, ...rest }: KubeObject & { status?: unknown } = object
  const { managedFields: _m, ...written } = metadata
  return withoutNulls({ ...rest, metadata: written })
}

function serviceChanges(objects: readonly KubeObject[], capabilities: Capabilities): readonly ServiceChange[] {
  const manifests: Manifest[] = objects.map((object) => ({
    object,
    positionOf: () => ({ file: nameOf(object), line: 1, column: 1 }),
  }))
  const world = offlineWorld(manifests, 'default', capabilities)
  return world.services.map(({ object }) => {
    const service = nameOf(object)
    const result = render(world.inputFor(object))
    if (!result.ok)
      return { service, outcome: 'refused', why: `${result.problem.reason}: ${result.problem.message}`, changes: [] }
    const pairs = result.objects.flatMap((wanted) =>
      podTemplateOf(wanted) === undefined ? [] : [{ wanted, live: findLive(objects, wanted) }],
    )
    const changes = pairs.flatMap(({ wanted, live }) =>
      live ? differingFields(podTemplateOf(wanted), podTemplateOf(live), `${wanted.kind} ${wanted.metadata.name}`) : [],
    )
    if (pairs.every(({ live }) => live === undefined))
      return { service, outcome: 'absent', why: 'nothing of it is among the objects given', changes }
    if (changes.length === 0) return { service, outcome: 'same', why: 'its pods stay as they are', changes }
    return {
      service,
      outcome: 'rolls',
      why: `${counted(changes.length, 'field')} of its pods would change`,
      changes,
    }
  })
}

function podTemplateOf(object: KubeObject): unknown {
  const spec = object.spec
  return typeof spec === 'object' && spec !== null && 'template' in spec ? spec.template : undefined
}

function findLive(objects: readonly KubeObject[], wanted: KubeObject): KubeObject | undefined {
  return objects.find(
    (object) =>
      object.kind === wanted.kind &&
      object.apiVersion === wanted.apiVersion &&
      object.metadata.name === wanted.metadata.name &&
      object.metadata.namespace === wanted.metadata.namespace,
  )
}

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name ?? ''}`
}
