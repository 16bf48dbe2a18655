import { isDeepStrictEqual } from 'node:util'
import { configMapName } from '@millrace/api'
import { type Client, isKubeError, type KubeObject, type Log, resources } from '@millrace/kube'
import { fieldManager } from './field-manager.ts'

/** The text of the last configuration without a mistake, kept beside it: a restart must not put defaults in its place. */
export interface LastGoodSettings {
  /** Undefined: there is none, or it cannot be read. */
  read(): Promise<Data | undefined>
  /** Kept unless it is there already. What fails is told in the log. */
  keep(data: Data): Promise<void>
}

type Data = Readonly<Record<string, string>>

export const lastGoodName = `${configMapName}-last-good`
const callMsMax = 5_000

export function lastGoodSettings(client: Client, namespace: string, log: Log): LastGoodSettings {
  const name = { namespace, name: lastGoodName }
  const signal = () => AbortSignal.timeout(callMsMax)
  const find = async (): Promise<KubeObject | undefined> => {
    try {
      return await client.get(resources.configMaps, name, { signal: signal() })
    } catch (error) {
      if (isKubeError(error, 'NotFound')) return undefined
      throw error
    }
  }
  const attempt = async <T>(what: string, run: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await run()
    } catch (error) {
      log.warn(what, { configMap: `${namespace}/${lastGoodName}`, error: String(error) })
      return undefined
    }
  }
  return {
    read: () => attempt('The last good configuration could not be read', async () => textData(await find())),
    keep: async (data) => {
      await attempt('The last good configuration could not be kept', async () => {
        if (isDeepStrictEqual(textData(await find()), data)) return
        const object = {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { ...name, labels: { 'app.kubernetes.io/part-of': 'millrace' } },
          data,
        }
        await client.apply(resources.configMaps, object, { fieldManager, force: true, signal: signal() })
      })
    },
  }
}

/** The texts of a ConfigMap; undefined where there is none. */
export function textData(configMap: KubeObject | undefined): Data | undefined {
  const data: unknown = configMap?.['data']
  if (!configMap) return undefined
  return Object.fromEntries(
    Object.entries(Object(data)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
