import { isDeepStrictEqual } from 'node:util'
import { isPreview } from '@millrace/api'
import { type Client, describeTarget, discover, isKubeError, type KubeObject, type Resource } from '@millrace/kube'
import { CommandError } from './command-error.ts'
import { formatPosition, type Manifest } from './manifest-files.ts'
import { find } from './wait.ts'

export interface ApplyResult {
  readonly resource: Resource
  readonly object: KubeObject
  readonly outcome: 'created' | 'configured' | 'unchanged'
}

export interface ApplySettings {
  readonly namespace: string
  readonly fieldManager: string
  readonly force: boolean
  readonly dryRun: boolean
  readonly signal: AbortSignal
  readonly onApplied?: (result: ApplyResult) => void
  readonly onWarning?: (text: string) => void
}

/** What others refer to goes first. */
const kindOrder = [
  'Namespace',
  'CustomResourceDefinition',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'ClusterStorageContainer',
  'ClusterServingRuntime',
  'ServingRuntime',
]

/** Server-side applies the objects one after another. Stops at the first that the server refuses, naming its place. */
export async function applyManifests(
  client: Client,
  manifests: readonly Manifest[],
  settings: ApplySettings,
): Promise<readonly ApplyResult[]> {
  const rank = (manifest: Manifest): number =>
    (kindOrder.indexOf(manifest.object.kind) + kindOrder.length + 1) % (kindOrder.length + 1)
  const ordered = [...manifests].sort((left, right) => rank(left) - rank(right))
  const results: ApplyResult[] = []
  let discovery = await discover(client)
  for (const manifest of ordered) {
    const { object } = manifest
    let resource = discovery.ofKind(object.apiVersion, object.kind)
    if (!resource) {
      // A CRD from the same files may have appeared meanwhile.
      discovery = await discover(client)
      resource = discovery.ofKind(object.apiVersion, object.kind)
    }
    if (!resource) {
      const advice = isPreview(object)
        ? 'it is a preview, which is served where it is asked for (millrace up --preview, or crds.preview of the chart)'
        : 'is its CRD installed, and the apiVersion right?'
      throw new CommandError(
        `${formatPosition(manifest.positionOf(['kind']))}: the server does not serve ${object.kind} of ${object.apiVersion}; ${advice}`,
      )
    }
    const result = await applyOne(client, resource, manifest, settings)
    results.push(result)
    settings.onApplied?.(result)
  }
  return results
}

async function applyOne(
  client: Client,
  resource: Resource,
  manifest: Manifest,
  settings: ApplySettings,
): Promise<ApplyResult> {
  const { object } = manifest
  const named =
    resource.namespaced && object.metadata.namespace === undefined
      ? { ...object, metadata: { ...object.metadata, namespace: settings.namespace } }
      : object
  if (!resource.namespaced && object.metadata.namespace !== undefined) {
    throw new CommandError(
      `${formatPosition(manifest.positionOf(['metadata', 'namespace']))}: ${object.kind} lives in no namespace; remove the field`,
    )
  }
  const { namespace, name = '' } = named.metadata
  const place = { name, ...(namespace === undefined ? {} : { namespace }) }
  const before = name === '' ? undefined : await find(client, resource, place)
  try {
    const after = await client.apply(resource, named, {
      fieldManager: settings.fieldManager,
      force: settings.force,
      dryRun: settings.dryRun,
      signal: settings.signal,
      ...(settings.onWarning ? { onWarning: settings.onWarning } : {}),
    })
    const isSame = before !== undefined && isUnchanged(before, after)
    return { resource, object: after, outcome: !before ? 'created' : isSame ? 'unchanged' : 'configured' }
  } catch (error) {
    if (!isKubeError(error)) throw error
    const hint =
      error.code === 'Conflict' ? ' Another tool owns these fields: take them over with --force-conflicts.' : ''
    throw new CommandError(
      `${formatPosition(manifest.positionOf([]))}: ${describeTarget(resource, place)}: ${error.status?.message ?? error.message}${hint}`,
    )
  }
}

/** Whoever else writes between our two looks, such as a controller its status, changes the version and not what was applied. */
function isUnchanged(before: KubeObject, after: KubeObject): boolean {
  if (before.metadata.resourceVersion === after.metadata.resourceVersion) return true
  if (before.metadata.generation === undefined || before.metadata.generation !== after.metadata.generation) return false
  const { labels, annotations } = after.metadata
  return isDeepStrictEqual([before.metadata.labels, before.metadata.annotations], [labels, annotations])
}
