import { internalKeys, labelKeys } from '../keys.ts'
import type { PodTemplate, StringMap } from './shape.ts'

/** `logger` of the configuration, with what the service's own logger says over it. */
export interface LoggerSettings {
  readonly defaultUrl?: string
  readonly caBundle?: string
  readonly caCertFile?: string
  readonly tlsSkipVerify?: boolean
  readonly marshallerUrl?: string
  readonly batchSize?: number
  readonly batchInterval?: string
  readonly storage?: {
    readonly path?: string
    readonly parameters?: StringMap
    readonly serviceAccountName?: string
  }
}

/** The agent's arguments about logging: where to, what, and what the events say about their origin. */
export function loggerArgs(pod: PodTemplate, settings: LoggerSettings): string[] {
  const { annotations, labels, namespace } = pod.metadata
  const optional: readonly (readonly [flag: string, value: string | undefined])[] = [
    ['--log-store-path', settings.storage?.path],
    ['--log-store-format', settings.storage?.parameters?.['format']],
    ['--log-marshaller-url', settings.marshallerUrl],
    ['--log-batch-size', settings.batchSize ? String(settings.batchSize) : undefined],
    ['--log-batch-interval', settings.batchInterval],
  ]
  const headers = annotations[internalKeys.loggerMetadataHeaders]
  const wanted = annotations[internalKeys.loggerMetadataAnnotations]
  return [
    '--log-url',
    annotations[internalKeys.loggerSinkUrl] ?? settings.defaultUrl ?? '',
    // A pod that a controller makes has no name yet when its template is written; the kubelet fills it in.
    '--source-uri',
    '$(POD_NAME)',
    '--log-mode',
    annotations[internalKeys.loggerMode] ?? 'all',
    '--inference-service',
    labels[labelKeys.inferenceService] ?? '',
    '--namespace',
    namespace,
    '--endpoint',
    labels[labelKeys.endpoint] ?? '',
    '--component',
    labels[labelKeys.component] ?? '',
    ...optional.flatMap(([flag, value]) => (value ? [flag, value] : [])),
    ...(headers === undefined ? [] : ['--metadata-headers', headers]),
    ...(wanted === undefined ? [] : ['--metadata-annotations', metadataPairs(wanted, annotations)]),
    ...(settings.caCertFile ? ['--logger-ca-cert-file', settings.caCertFile] : []),
    '--logger-tls-skip-verify',
    String(settings.tlsSkipVerify ?? false),
  ]
}

function metadataPairs(wanted: string, annotations: StringMap): string {
  const there = wanted.split(',').filter((key) => annotations[key] !== undefined)
  return there.map((key) => `${key}=${annotations[key]}`).join(',')
}
