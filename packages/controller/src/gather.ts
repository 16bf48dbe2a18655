import type { ClusterConfig } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { emptyWorld, type Gathered, gatherRounds, type Read, reads, type SecretFacts } from '@millrace/render'
import type { ClusterWatch } from './cluster-watch.ts'
import type { ObjectReader } from './object-reader.ts'
import { kindId } from './watched-kinds.ts'

export interface GatherSources {
  readonly watch: ClusterWatch
  readonly secrets: ObjectReader<SecretFacts>
  readonly configMaps: ObjectReader<KubeObject>
}

export interface GatherResult {
  readonly world: Gathered
  /** What was asked for, found or not: a change of any of it concerns the service. */
  readonly reads: readonly Read[]
}

/** Everything that rendering `service` needs to know of the cluster. `asking` is told of each thing before it is read. */
export async function gather(
  sources: GatherSources,
  input: { readonly service: KubeObject; readonly config: ClusterConfig; readonly controllerNamespace: string },
  signal: AbortSignal,
  asking?: (reads: readonly Read[]) => void,
): Promise<GatherResult> {
  return gatherAll(sources, (world) => reads({ ...input, world }), signal, asking)
}

/** What is wanted, round by round, until the grown world leaves no wish. Reads local copies; Secrets and ConfigMaps once per version. */
export async function gatherAll(
  sources: GatherSources,
  wanted: (world: Gathered) => readonly Read[],
  signal: AbortSignal,
  asking: (reads: readonly Read[]) => void = () => {},
): Promise<GatherResult> {
  const asked: Read[] = []
  const rounds = gatherRounds(wanted)
  let round = rounds.next(emptyWorld)
  while (!round.done) {
    asking(round.value)
    asked.push(...round.value)
    round = rounds.next(await readRound(sources, round.value, signal))
  }
  return { world: round.value, reads: asked }
}

async function readRound(sources: GatherSources, wanted: readonly Read[], signal: AbortSignal): Promise<Gathered> {
  const objects: KubeObject[] = []
  const secrets: SecretFacts[] = []
  for (const read of wanted) {
    if (read.group === '' && read.kind === 'Secret') secrets.push(...(await readOne(sources.secrets, read, signal)))
    else if (read.group === '' && read.kind === 'ConfigMap')
      objects.push(...(await readOne(sources.configMaps, read, signal)))
    else objects.push(...readLocal(sources.watch, read))
  }
  return { objects, secrets }
}

async function readOne<T>(reader: ObjectReader<T>, read: Read, signal: AbortSignal): Promise<readonly T[]> {
  const { namespace, name } = read
  if (name === undefined || namespace === undefined) throw new Error(`${read.kind} is read by name`)
  const found = await reader.get({ namespace, name }, signal)
  return found === undefined ? [] : [found]
}

function readLocal(watch: ClusterWatch, read: Read): readonly KubeObject[] {
  const collection = watch.collection(kindId(read.group, read.kind))
  if (!collection) return []
  const { namespace, name, labels } = read
  if (name !== undefined) {
    const object = collection.get(namespace === undefined ? { name } : { namespace, name })
    return object ? [object] : []
  }
  const all = collection.list(namespace)
  if (!labels) return all
  return all.filter((object) => Object.entries(labels).every(([key, value]) => object.metadata.labels?.[key] === value))
}
