import type {
  ExplainerSpec,
  InferenceServiceSpec,
  PredictorSpec,
  TransformerSpec,
} from '../../kinds/inference-service.ts'
import { defaultMountPath } from '../../schema/storage.ts'
import { containerNames, environment } from '../../wire-keys.ts'
import type { Reporter } from '../check-context.ts'
import { nearName } from '../near-name.ts'
import type { AnyContainer } from './container-rules.ts'
import { predictorForms } from './component-form.ts'

type Path = readonly (string | number)[]
type StorageUri = NonNullable<TransformerSpec['storageUris']>[number]

/** Schemes that the shipped storage container and the pod itself understand. A ClusterStorageContainer may add others. */
export const storageSchemes: readonly string[] = [
  's3',
  'gs',
  'hf',
  'pvc',
  'oci',
  'oci+native',
  'oci+fetch',
  'https',
  'http',
  'file',
  'hdfs',
  'webhdfs',
  'modelscope',
  'abfs',
]

/** Schemes that read their credentials from the Secret that `storage.key` names. */
const secretSchemes: readonly string[] = ['s3', 'hdfs', 'webhdfs']

export function checkServiceStorage(spec: InferenceServiceSpec, report: Reporter): void {
  const { predictor, transformer, explainer } = spec
  checkPredictorStorage(predictor, ['spec', 'predictor'], report)
  if (transformer) {
    checkStorageUris(transformer, containerUri(transformer.containers?.[0]), ['spec', 'transformer'], report)
  }
  if (explainer) checkExplainerStorage(explainer, ['spec', 'explainer'], report)
}

/** Where a predictor's model comes from, as one URI; undefined when it says nothing or uses `storageUris`. */
export function predictorStorageUri(predictor: PredictorSpec): string | undefined {
  const form = predictorForms(predictor)[0]
  if (form === undefined) return undefined
  if (form !== 'containers') return predictor[form]?.storageUri
  return containerUri(predictor.containers?.find(({ name }) => name === containerNames.server))
}

function containerUri(container: AnyContainer | undefined): string | undefined {
  return container?.env?.find(({ name }) => name === environment.storageUri)?.value
}

export function checkPredictorStorage(predictor: PredictorSpec, path: Path, report: Reporter): void {
  checkStorageUris(predictor, predictorStorageUri(predictor), path, report)
  for (const form of predictorForms(predictor)) {
    if (form === 'containers') continue
    const { storageUri, storage, confidential } = predictor[form] ?? {}
    const place = [...path, form]
    if (storageUri !== undefined) checkScheme(storageUri, [...place, 'storageUri'], report)
    if (storageUri !== undefined && storage && !secretSchemes.includes(schemeOf(storageUri) ?? '')) {
      const message = `works together with a storageUri of ${secretSchemes.join(', ')} only: remove one of the two`
      report.warn([...place, 'storage'], 'storage-and-uri', message)
    }
    if (confidential?.enabled) checkConfidential(confidential.resourceId, storageUri, place, report)
  }
}

function checkExplainerStorage(explainer: ExplainerSpec, path: Path, report: Reporter): void {
  const { art } = explainer
  checkStorageUris(explainer, art ? art.storageUri || undefined : containerUri(explainer.containers?.[0]), path, report)
  if (!art?.storage) return
  const scheme = art.storageUri ? schemeOf(art.storageUri) : art.storage.parameters?.['type']
  if ((scheme === undefined && !art.storageUri) || secretSchemes.includes(scheme ?? '')) return
  const message = `needs storage of ${secretSchemes.join(', ')}, not ${scheme ?? 'a path'}`
  report.error([...path, 'art', 'storage'], 'storage-and-uri', message)
}

/** The scheme of a URI in the spelling of the URI, undefined for a path. */
export function schemeOf(uri: string): string | undefined {
  return /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(uri)?.[1]
}

function checkScheme(uri: string, path: Path, report: Reporter): void {
  const scheme = schemeOf(uri)
  if (scheme === undefined || storageSchemes.includes(scheme)) return
  const near = nearName(scheme, storageSchemes)
  const advice = near === undefined ? 'install a ClusterStorageContainer that fetches it' : `did you mean ${near}://?`
  const options = near === undefined ? { value: uri } : { value: uri, suggestion: near }
  report.warn(path, 'storage-scheme', `nothing that ships with Millrace fetches ${scheme}://: ${advice}`, options)
}

function checkStorageUris(
  component: { readonly storageUris?: readonly StorageUri[] },
  single: string | undefined,
  path: Path,
  report: Reporter,
): void {
  const { storageUris } = component
  if (!storageUris) return
  const place = [...path, 'storageUris']
  if (single !== undefined) {
    report.error(place, 'storage-uris', 'cannot stand beside storageUri: move that one into this list')
  }
  for (const [index, entry] of storageUris.entries()) checkMountPath(entry, [...place, index], report)
  checkPvcPaths(storageUris, place, report)
  checkCommonParent(storageUris, place, report)
}

function mountPathOf(entry: StorageUri): string {
  return entry.mountPath ?? defaultMountPath
}

function checkMountPath(entry: StorageUri, path: Path, report: Reporter): void {
  const mountPath = mountPathOf(entry)
  const options = { value: mountPath }
  if (mountPath === '/') {
    report.error(
      [...path, 'mountPath'],
      'mount-path',
      'cannot be the root: name a directory such as /mnt/models',
      options,
    )
  }
  if (mountPath.includes('..')) {
    report.error([...path, 'mountPath'], 'mount-path', 'must not contain "..": write the directory itself', options)
  }
  checkScheme(entry.uri, [...path, 'uri'], report)
}

/** A volume claim is mounted, not copied: two of them cannot be in one place. */
function checkPvcPaths(storageUris: readonly StorageUri[], path: Path, report: Reporter): void {
  const taken = new Map<string, number>()
  for (const [index, entry] of storageUris.entries()) {
    if (schemeOf(entry.uri) !== 'pvc') continue
    const first = taken.get(mountPathOf(entry))
    if (first === undefined) taken.set(mountPathOf(entry), index)
    else {
      const message = `is the mountPath of item ${first} too: volume claims need a directory each`
      report.error([...path, index, 'mountPath'], 'pvc-path', message, { value: mountPathOf(entry) })
    }
  }
}

/** What is fetched goes into one volume, mounted at the directory that all paths share. */
function checkCommonParent(storageUris: readonly StorageUri[], path: Path, report: Reporter): void {
  const paths = storageUris.filter(({ uri }) => schemeOf(uri) !== 'pvc').map(mountPathOf)
  if (paths.length < 2) return
  const tops = new Set(paths.map((each) => each.split('/').find((part) => part !== '')))
  if (tops.size < 2) return
  const message = `the directories ${paths.join(', ')} have no common parent: put them under one, such as /mnt/models/a and /mnt/models/b`
  report.error(path, 'common-parent', message)
}

const keyResource = /^kbs:\/\/\/[\w.-]+\/[\w.-]+\/[\w.-]+$/

function checkConfidential(
  resourceId: string | undefined,
  uri: string | undefined,
  path: Path,
  report: Reporter,
): void {
  if (!uri) return
  const scheme = schemeOf(uri)
  if (scheme === 'oci' || scheme === 'pvc') {
    const message = `has no effect with ${scheme}://, where nothing is fetched that could be decrypted`
    report.warn([...path, 'confidential'], 'confidential', message)
  }
  if (resourceId && !keyResource.test(resourceId)) {
    const message = `${JSON.stringify(resourceId)} must look like kbs:///repository/type/tag`
    report.error([...path, 'confidential', 'resourceId'], 'confidential', message, { value: resourceId })
  }
}
