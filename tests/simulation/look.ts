import { createHash } from 'node:crypto'
import type { KubeObject } from '@millrace/kube'
import { followConfiguration, type Truth } from './as-rendered.ts'
import { controllerNamespace } from './installation.ts'
import { watchers, type Watcher } from './promises-at-all-times.ts'
import type { TracedCall } from './traced-calls.ts'
import type { World } from './world.ts'

/** Sees all that happens in a world, keeps what breaks a promise, and counts. */
export interface Look {
  look(): void
  report(name: string, what: string): void
  startCounting(): void
  counted(): { readonly writes: readonly string[]; readonly platformWrites: readonly string[]; readonly reads: number }
  /** A new process knows the configuration from its present version on. */
  restarted(): void
  config(): Truth['config']
  digest(): string
}

interface LookRecord {
  readonly story: readonly string[]
  readonly broken: string[]
  readonly onCall?: ((call: TracedCall) => void) | undefined
}

const brokenMax = 20

export function createLook(world: World, record: LookRecord): Look {
  const all: readonly Watcher[] = watchers()
  const hash = createHash('sha256')
  let configuration = followConfiguration()
  let configMap: KubeObject | undefined
  let writes: string[] = []
  /** Of the workload controllers; what the server refuses them is tried again for ever. */
  let platformWrites: string[] = []
  let reads = 0
  const report = (name: string, what: string): void => {
    const at = new Date(world.clock.now()).toISOString().slice(11, 19)
    const text = `[${name}] ${what} (at ${at}, after ${record.story.length} actions)`
    if (record.broken.length < brokenMax) record.broken.push(text)
  }
  return {
    report,
    look: () => {
      for (const call of world.trace.splice(0)) {
        const { atMs, who, method, path, status } = call
        hash.update(`${atMs} ${who} ${method} ${path} ${status}\n`)
        if (who === 'controller' && method === 'GET') reads++
        if (who === 'controller' && method !== 'GET') writes.push(`${method} ${path} → ${status}`)
        if (who === 'workloads' && method !== 'GET' && status < 300) platformWrites.push(`${method} ${path}`)
        record.onCall?.(call)
        for (const { name, hear } of all) {
          const wrong = hear?.(call)
          if (wrong !== undefined) report(name, wrong)
        }
      }
      for (const happening of world.history.take()) {
        const { object, type } = happening
        if (isConfiguration(object) && type !== 'deleted') configuration.see((configMap = object))
        for (const { name, see } of all) {
          const wrong = see?.(happening)
          if (wrong !== undefined) report(name, wrong)
        }
      }
    },
    startCounting: () => {
      writes = []
      platformWrites = []
      reads = 0
    },
    counted: () => ({ writes, platformWrites, reads }),
    restarted: () => {
      configuration = followConfiguration()
      if (configMap) configuration.see(configMap)
    },
    config: () => configuration.config,
    digest: () => hash.copy().digest('hex'),
  }
}

function isConfiguration({ kind, metadata }: KubeObject): boolean {
  return (
    kind === 'ConfigMap' && metadata.namespace === controllerNamespace && metadata.name === 'inferenceservice-config'
  )
}
