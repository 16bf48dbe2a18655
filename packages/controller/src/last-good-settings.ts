import { isDeepStrictEqual } from 'node:util'
import { configMapName } from '@millrace/api'
import {
  backoffMs,
  type Client,
  type Clock,
  isKubeError,
  type KubeObject,
  type Log,
  resources,
  sleep,
} from '@millrace/kube'
import { fieldManager } from './field-manager.ts'

/** The text of the last configuration without a mistake, kept beside it: a restart must not put defaults in its place. */
export interface LastGoodSettings {
  /** Asks until the server answers. Undefined: there is none, or it may not be read. */
  read(): Promise<Data | undefined>
  /** Kept unless it is there already; tried until the server answers. What is given later takes the place of what still waits. */
  keep(data: Data): void
}

export interface LastGoodOptions {
  readonly client: Client
  readonly namespace: string
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  /** Ends what is still being tried. */
  readonly signal: AbortSignal
}

type Data = Readonly<Record<string, string>>

export const lastGoodName = `${configMapName}-last-good`
const retryWait = { firstMs: 200, maxMs: 30_000 }

export function lastGoodSettings(options: LastGoodOptions): LastGoodSettings {
  const { client, namespace, signal } = options
  const name = { namespace, name: lastGoodName }
  let waiting: Data | undefined
  let keeping: Promise<void> | undefined

  const find = async (): Promise<KubeObject | undefined> => {
    try {
      return await client.get(resources.configMaps, name, { signal })
    } catch (error) {
      if (isKubeError(error, 'NotFound')) return undefined
      throw error
    }
  }
  const write = async (data: Data): Promise<void> => {
    if (isDeepStrictEqual(textData(await find()), data)) return
    const metadata = { ...name, labels: { 'app.kubernetes.io/part-of': 'millrace' } }
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }
    await client.apply(resources.configMaps, object, { fieldManager, force: true, signal })
  }
  const keepAll = async (): Promise<void> => {
    while (waiting !== undefined) {
      const data = waiting
      waiting = undefined
      await untilAnswered(options, 'The last good configuration could not be kept', () => write(data))
    }
    keeping = undefined
  }
  return {
    read: () =>
      untilAnswered(options, 'The last good configuration could not be read', async () => textData(await find())),
    keep: (data) => {
      waiting = data
      keeping ??= keepAll()
    },
  }
}

/** Repeats what fails for the moment; what is refused for good is told in the log, and answered with undefined. */
async function untilAnswered<T>(options: LastGoodOptions, what: string, run: () => Promise<T>): Promise<T | undefined> {
  const { clock, random, log, namespace, signal } = options
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      return await run()
    } catch (error) {
      if (!isKubeError(error)) throw error
      if (signal.aborted) return undefined
      log.warn(what, { configMap: `${namespace}/${lastGoodName}`, error: error.message })
      if (!error.retryable && error.code !== 'Conflict') return undefined
      await sleep(clock, Math.max(error.retryAfterMs ?? 0, backoffMs(failures, { ...retryWait, random })), signal)
    }
  }
  return undefined
}

/** The texts of a ConfigMap; undefined where there is none. */
export function textData(configMap: KubeObject | undefined): Data | undefined {
  const data: unknown = configMap?.['data']
  if (!configMap) return undefined
  return Object.fromEntries(
    Object.entries(Object(data)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
