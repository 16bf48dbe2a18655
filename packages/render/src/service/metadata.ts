import type { ComponentSpec, PredictorSpec } from '@millrace/api'
import { schemePlaceholder } from '../credentials/storage-config.ts'
import { internalKeys, knativeKeys, modelDirectory } from '../keys.ts'
import { modelConfigName } from '../names.ts'
import type { StringMap } from '../pod/shape.ts'

/** Keys that stay on the user's object: what passes is what the list does not name. */
export function without(map: StringMap | undefined, disallowed: readonly string[]): StringMap {
  return Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => !disallowed.includes(key)))
}

const scaleKeys: readonly string[] = [knativeKeys.minScale, knativeKeys.maxScale, knativeKeys.initialScale]

/** Knative's bounds among annotations, the later ones over the earlier. */
export function scaleAnnotations(...maps: readonly (StringMap | undefined)[]): StringMap {
  const entries = maps.flatMap((map) => Object.entries(map ?? {}))
  return Object.fromEntries(entries.filter(([key]) => scaleKeys.includes(key)))
}

export function loggerAnnotations(logger: ComponentSpec['logger']): StringMap {
  if (!logger) return {}
  return {
    [internalKeys.logger]: 'true',
    ...(logger.url === undefined ? {} : { [internalKeys.loggerSinkUrl]: logger.url }),
    [internalKeys.loggerMode]: logger.mode ?? 'all',
    ...(logger.metadataHeaders ? { [internalKeys.loggerMetadataHeaders]: logger.metadataHeaders.join(',') } : {}),
    ...(logger.metadataAnnotations
      ? { [internalKeys.loggerMetadataAnnotations]: logger.metadataAnnotations.join(',') }
      : {}),
  }
}

export function batcherAnnotations(batcher: ComponentSpec['batcher']): StringMap {
  if (!batcher) return {}
  const { maxBatchSize, maxLatency } = batcher
  return {
    [internalKeys.batcher]: 'true',
    ...(maxBatchSize === undefined ? {} : { [internalKeys.batcherMaxBatchSize]: String(maxBatchSize) }),
    ...(maxLatency === undefined ? {} : { [internalKeys.batcherMaxLatency]: String(maxLatency) }),
  }
}

type ModelStorage = NonNullable<NonNullable<PredictorSpec['model']>['storage']>

export function storageAnnotations(storage: ModelStorage | undefined): StringMap {
  if (!storage) return {}
  return {
    [internalKeys.storageSpec]: 'true',
    ...(storage.parameters ? { [internalKeys.storageSpecParam]: sortedJson(storage.parameters) } : {}),
    ...(storage.key === undefined ? {} : { [internalKeys.storageSpecKey]: storage.key }),
    ...(storage.path === undefined
      ? {}
      : {
          [internalKeys.storageInitializerSourceUri]: `${schemePlaceholder}://${storage.path.replace(/^\//, '')}`,
        }),
  }
}

export function confidentialAnnotations(model: PredictorSpec['model']): StringMap {
  if (!model?.confidential?.enabled) return {}
  const { resourceId } = model.confidential
  return {
    [internalKeys.confidentialEnabled]: 'true',
    ...(resourceId ? { [internalKeys.confidentialResourceId]: resourceId } : {}),
  }
}

/** What the agent of a multi-model server needs: where the list of models is, and where models go. */
export function multiModelAnnotations(service: string): StringMap {
  return {
    [internalKeys.agent]: 'true',
    [internalKeys.agentConfigVolumeName]: modelConfigName(service),
    [internalKeys.agentConfigMountPath]: '/mnt/configs',
    [internalKeys.agentModelDir]: modelDirectory,
  }
}

/** Keys in order, so that equal maps give equal texts. */
function sortedJson(map: StringMap): string {
  return JSON.stringify(Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1))))
}
