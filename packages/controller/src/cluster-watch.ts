import {
  backoffMs,
  type Change,
  type Client,
  type Clock,
  createInformers,
  type Discovery,
  discover,
  isKubeError,
  type Log,
  resources,
  sleep,
} from '@millrace/kube'
import { type Collection, startCollection } from './collection.ts'
import type { WatchedKind } from './watched-kinds.ts'

/** What is followed right now; it changes with what the cluster serves. */
export interface ClusterWatch {
  /** Resolves when the server has told what it serves and all of it that we may read is in. */
  readonly started: Promise<void>
  collection(id: string): Collection | undefined
  /** As `collection`, and its first state is in: what is absent from it does not exist. */
  synced(id: string): Collection | undefined
  collections(): Iterable<readonly [WatchedKind, Collection]>
  /** Whether the server serves `plural.group`, in any version; of the kinds in the table and of all others. */
  serves(name: string): boolean
  /** Why the server does not tell what it serves. */
  readonly trouble: Error | undefined
  close(): Promise<void>
}

export interface ClusterWatchOptions {
  readonly client: Client
  readonly kinds: readonly WatchedKind[]
  readonly namespaces?: readonly string[]
  /** The controller's own. */
  readonly ownNamespace: string
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly onChange: (kind: WatchedKind, change: Change) => void
  /** A kind has come (its first state is in) or gone. */
  readonly onKindsChanged: () => void
  /** The server has told what it serves: for the first time, or again. */
  readonly onDiscovered: () => void
}

/** Discovery is asked again this often even if no CRD changes: aggregated API servers have none. */
const lookAgainMs = 5 * 60_000
/** A CRD is told of a moment before discovery knows it. */
const settleMs = 100
const retryWait = { firstMs: 200, maxMs: 30_000 }
const startLookMs = 50
/** A kind that somebody else's API serves may be slow; what everything rests on is waited for. */
const optionalWaitMs = 10_000

/**
 * Follows what the cluster serves: CRDs are watched (their names alone), discovery tells what came of them, and for each
 * kind of ours the watch starts and stops while everything else goes on.
 */
export function startClusterWatch(options: ClusterWatchOptions): ClusterWatch {
  const { client, kinds, clock, random, log } = options
  const informers = createInformers(client, { clock, random, log })
  const running = new Map<string, Collection>()
  let served: ReadonlySet<string> = new Set()
  const abort = new AbortController()
  let pending: Promise<void> = Promise.resolve()
  let wake: () => void = () => {}
  let isDue = true
  let trouble: Error | undefined

  const crds = informers.informer(resources.customResourceDefinitions, { metadataOnly: true })
  crds.onChange(() => {
    isDue = true
    wake()
  })

  const namespacesOf = ({ isClusterWide, isOwnToo }: WatchedKind): readonly string[] | undefined => {
    if (!options.namespaces || isClusterWide) return undefined
    return isOwnToo ? [...new Set([...options.namespaces, options.ownNamespace])] : options.namespaces
  }
  const start = (kind: WatchedKind) => {
    const namespaces = namespacesOf(kind)
    const collection = startCollection(informers, kind.resource, {
      informer: kind.informer,
      ...(namespaces && { namespaces }),
      onChange: (change) => options.onChange(kind, change),
    })
    running.set(kind.id, collection)
    log.info('Following a kind', { kind: kind.id })
    void collection.synced.then(() => {
      if (running.get(kind.id) === collection) options.onKindsChanged()
    })
  }
  const stop = async (kind: WatchedKind, collection: Collection) => {
    running.delete(kind.id)
    log.info('A kind is no longer served', { kind: kind.id })
    await collection.stop()
    options.onKindsChanged()
  }
  const follow = async (discovery: Discovery) => {
    for (const kind of kinds) {
      const { group, version, plural } = kind.resource
      const collection = running.get(kind.id)
      const isServed = discovery.resources.some(
        (served) => served.group === group && served.version === version && served.plural === plural,
      )
      if (isServed && !collection) start(kind)
      const isUnknown = discovery.unknownGroups.includes(`${group}/${version}`)
      if (!isServed && collection && !isUnknown) await stop(kind, collection)
    }
  }

  /** Discovery lags behind the CRDs: true when both tell the same of the kinds that matter to us. */
  const agrees = (): boolean => {
    if (!crds.isSynced) return true
    return kinds.every(({ resource: { plural, group } }) => {
      const name = `${plural}.${group}`
      if (!group.includes('.') || group.endsWith('.k8s.io')) return true
      return (crds.get({ name }) !== undefined) === served.has(name)
    })
  }

  const firstLook = Promise.withResolvers<void>()
  const run = async () => {
    let failures = 0
    while (!abort.signal.aborted) {
      isDue = false
      try {
        const discovery = await discover(client, { signal: abort.signal })
        served = new Set(discovery.resources.map(({ plural, group }) => `${plural}.${group}`))
        await follow(discovery)
        trouble = undefined
        firstLook.resolve()
        options.onDiscovered()
        failures = agrees() ? 0 : failures + 1
      } catch (error) {
        if (!isKubeError(error)) throw error
        if (abort.signal.aborted) return
        failures += 1
        trouble = error
        log.warn('The cluster does not tell what it serves', { error: error.message })
      }
      await waitForNext(failures)
    }
  }
  const waitForNext = async (failures: number) => {
    const woken = new AbortController()
    wake = () => woken.abort()
    const onAbort = () => woken.abort()
    abort.signal.addEventListener('abort', onAbort, { once: true })
    if (!isDue)
      await sleep(clock, failures > 0 ? backoffMs(failures, { ...retryWait, random }) : lookAgainMs, woken.signal)
    abort.signal.removeEventListener('abort', onAbort)
    if (isDue) await sleep(clock, settleMs, abort.signal)
  }
  pending = run()

  const firstStates = async () => {
    await firstLook.promise
    const startedAt = clock.elapsed()
    let told = startedAt
    for (;;) {
      const isLate = clock.elapsed() - startedAt > optionalWaitMs
      const missing = [...running].filter(([id, one]) => {
        const isOptional = isLate && !isEssential(kinds.find((kind) => kind.id === id))
        return !one.isSynced && !one.isForbidden && !isOptional
      })
      if (missing.length === 0 || abort.signal.aborted) return
      if (clock.elapsed() - told > optionalWaitMs) {
        told = clock.elapsed()
        log.warn('Waiting for the first state of kinds', { kinds: missing.map(([id]) => id) })
      }
      await sleep(clock, startLookMs, abort.signal)
    }
  }

  return {
    started: firstStates(),
    collection: (id) => running.get(id),
    synced: (id) => {
      const collection = running.get(id)
      return collection?.isSynced ? collection : undefined
    },
    serves: (name) => served.has(name),
    get trouble() {
      return trouble
    },
    *collections() {
      for (const kind of kinds) {
        const collection = running.get(kind.id)
        if (collection) yield [kind, collection] as const
      }
    },
    close: async () => {
      abort.abort()
      await pending
      await informers.close()
    },
  }
}

/** Without these nothing can be rendered rightly: our own kinds and Kubernetes' own. */
function isEssential(kind: WatchedKind | undefined): boolean {
  const group = kind?.resource.group ?? ''
  return !group.includes('.') || group.endsWith('.k8s.io') || group === 'serving.kserve.io' || group === 'policy'
}
