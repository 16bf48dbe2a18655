import { resources as serving } from '@millrace/api'
import { isKubeError, type KubeObject, type Resource } from '@millrace/kube'
import type { UserContext } from './user-context.ts'
import { graphWish, modelUri, serviceWish } from './wishes.ts'

/** What makes no sense, and is to be refused with a reason when it is written. */
export interface Nonsense {
  readonly what: string
  readonly resource: Resource
  readonly object: KubeObject
  /** Who sees it: what the schema alone says is refused with no controller there, too. */
  readonly seenBy: 'schema' | 'admission'
}

const name = 'nonsense'
const sklearn = { modelFormat: { name: 'sklearn' }, storageUri: modelUri(0) }
const knative = { 'serving.kserve.io/deploymentMode': 'Knative' }

function service(what: string, predictor: Record<string, unknown>, annotations: Record<string, string> = {}): Nonsense {
  const object = serviceWish(name, predictor, annotations)
  return { what, resource: serving.inferenceServices, object, seenBy: 'admission' }
}

function graph(what: string, fields: object): Nonsense {
  const { spec, ...rest } = graphWish(name, ['a'])
  const object = { ...rest, spec: { ...spec, ...fields } } as KubeObject
  return { what, resource: serving.inferenceGraphs, object, seenBy: 'schema' }
}

function initialScale(value: string, more: object = {}): Nonsense {
  const annotations = { 'autoscaling.knative.dev/initial-scale': value }
  return service(`an initial scale of ${value} on a component`, { model: sklearn, annotations, ...more }, knative)
}

const sameDirectory = ['pvc://one/model', 'pvc://other/model'].map((uri) => ({ uri, mountPath: '/mnt/models' }))

export const nonsense: readonly Nonsense[] = [
  initialScale('many'),
  initialScale('-1'),
  initialScale('5', { maxReplicas: 2 }),
  service('more replicas at least than at most', { model: sklearn, minReplicas: 5, maxReplicas: 2 }),
  service('a canary of 101 percent', { model: sklearn, canaryTrafficPercent: 101 }, knative),
  service('a canary of -5 percent', { model: sklearn, canaryTrafficPercent: -5 }, knative),
  service('an unknown deployment mode', { model: sklearn }, { 'serving.kserve.io/deploymentMode': 'Sideways' }),
  service('500 percent of the cpu', { model: sklearn, scaleTarget: 500, scaleMetric: 'cpu' }),
  service('an empty predictor', {}),
  service('two models at once', { model: sklearn, sklearn: { storageUri: modelUri(0) } }),
  service('two claims at one path', { model: { modelFormat: { name: 'sklearn' } }, storageUris: sameDirectory }),
  graph('a graph of more replicas at least than at most', { minReplicas: 5, maxReplicas: 2 }),
  graph('a graph of negative replicas', { minReplicas: -1 }),
]

/** Asks for it. Reports when it is taken although admission is there to be asked; then it is deleted again. */
export async function askForNonsense(context: UserContext, wish: Nonsense): Promise<string> {
  const { world } = context
  const { what, resource, object } = wish
  try {
    await world.client.create(resource, object)
  } catch (error) {
    if (isKubeError(error, 'AlreadyExists')) return `${what} (there is some nonsense already)`
    if (!isKubeError(error, 'Invalid'))
      context.report('nonsense is refused for what it is', `${what} was answered ${String(error)}`)
    return `${what} (refused)`
  }
  // Without a controller nobody says no: the loop has to live with it.
  if (!world.process) return what
  context.report('nonsense is refused for what it is', `${what} was taken`)
  await world.client.delete(resource, { namespace: object.metadata.namespace ?? '', name })
  return `${what} (taken)`
}
