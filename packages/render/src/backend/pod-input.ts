import type { ComponentSpec } from '@millrace/api'
import { defaultMountPath } from '@millrace/api'
import { omit } from '../omit.ts'
import type { Workload } from '../plan.ts'
import type { PodSettings } from '../pod/complete-pod.ts'
import type { LoggerSettings } from '../pod/logger-args.ts'
import type { PodTemplate } from '../pod/shape.ts'
import type { StorageInput } from '../pod/storage-initializer.ts'
import type { Settings } from '../settings.ts'
import type { World } from '../world.ts'

/** The configuration as the pods of one workload see it: a component's own logger stands over the cluster's. */
export function podSettings(workload: Pick<Workload, 'deploying'>, settings: Settings): PodSettings {
  const { storageInitializer, credentials, agent, metricsAggregator } = settings
  const logger = loggerSettings(settings.logger, workload.deploying.logger)
  return { storageInitializer, credentials, agent, metricsAggregator, logger }
}

export function loggerSettings(cluster: LoggerSettings, own: ComponentSpec['logger']): LoggerSettings {
  if (!own) return cluster
  const rest = omit(cluster, 'storage')
  return {
    ...rest,
    ...(own.storage ? { storage: own.storage } : {}),
    ...(own.marshallerUrl === undefined ? {} : { marshallerUrl: own.marshallerUrl }),
    ...(own.batchSize === undefined ? {} : { batchSize: own.batchSize }),
    ...(own.batchInterval === undefined ? {} : { batchInterval: own.batchInterval }),
  }
}

/** Input for `storageUris`, where the workload has them. */
export function multipleSources(
  workload: Workload,
  template: PodTemplate,
  input: { readonly settings: Settings; readonly world: World; readonly controllerNamespace: string },
): StorageInput | undefined {
  if (!workload.sources || workload.sources.length === 0) return undefined
  const { namespace, annotations } = template.metadata
  return {
    sources: workload.sources.map(({ uri, mountPath }) => ({ uri, mountPath: mountPath ?? defaultMountPath })),
    namespace,
    annotations,
    storageContainerName: workload.storageContainerName,
    storageConfig: undefined,
    settings: input.settings.storageInitializer,
    credentials: input.settings.credentials,
    controllerNamespace: input.controllerNamespace,
    world: input.world,
  }
}
