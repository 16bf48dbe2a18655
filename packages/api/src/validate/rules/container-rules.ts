import type { Container } from '../../generated/kubernetes-objects.ts'
import type { InferenceServiceSpec, PredictorSpec } from '../../kinds/inference-service.ts'
import { frameworks } from '../../schema/model.ts'
import { containerNames, environment } from '../../wire-keys.ts'
import type { Reporter } from '../check-context.ts'
import { parseQuantity } from '../quantity.ts'

type Path = readonly (string | number)[]

/** A container, or a model server, which is one with its name left out. */
export type AnyContainer = Omit<Container, 'name'> & { readonly name?: string }

interface PodLike {
  readonly containers?: readonly AnyContainer[]
  readonly initContainers?: readonly AnyContainer[]
}

/** Variables by which a user of the service could make the server run other code. */
const blockedVariables: readonly string[] = ['PYTHONPATH']

export function checkContainers(pod: PodLike, path: Path, report: Reporter): void {
  for (const field of ['containers', 'initContainers'] as const) {
    for (const [index, container] of (pod[field] ?? []).entries()) {
      checkContainer(container, [...path, field, index], report)
    }
  }
}

export function checkContainer(container: AnyContainer, path: Path, report: Reporter): void {
  for (const [index, { name }] of (container.env ?? []).entries()) {
    if (!blockedVariables.includes(name)) continue
    const message = `${name} may not be set, because it could make the server run code that isn't its own; put the code into the image`
    report.error([...path, 'env', index], 'blocked-variable', message, { value: name })
  }
  const { requests = {}, limits = {} } = container.resources ?? {}
  for (const [resource, request] of Object.entries(requests)) {
    const limit = parseQuantity(limits[resource])
    const amount = parseQuantity(request)
    if (limit === undefined || amount === undefined || amount <= limit) continue
    const message = `asks for ${request}, more than its limit of ${limits[resource]}: Kubernetes will refuse the pod`
    report.warn([...path, 'resources', 'requests', resource], 'request-over-limit', message, { value: request })
  }
}

/** The containers of all components, wherever they stand. */
export function checkServiceContainers(spec: InferenceServiceSpec, report: Reporter): void {
  checkPredictorContainers(spec.predictor, ['spec', 'predictor'], report)
  for (const [index, canary] of (spec.canary ?? []).entries()) {
    checkPredictorContainers(canary.predictor, ['spec', 'canary', index, 'predictor'], report)
  }
  if (spec.transformer) checkContainers(spec.transformer, ['spec', 'transformer'], report)
  if (!spec.explainer) return
  checkContainers(spec.explainer, ['spec', 'explainer'], report)
  if (spec.explainer.art) checkContainer(spec.explainer.art, ['spec', 'explainer', 'art'], report)
}

function checkPredictorContainers(predictor: PredictorSpec, path: Path, report: Reporter): void {
  checkContainers(predictor, path, report)
  for (const form of ['model', ...frameworks] as const) {
    const server = predictor[form]
    if (server) checkContainer(server, [...path, form], report)
  }
  if (predictor.workerSpec) checkContainers(predictor.workerSpec, [...path, 'workerSpec'], report)
  checkCollocation(predictor, path, report)
}

/** A transformer in the predictor's pod uses the predictor's model: it fetches none of its own. */
function checkCollocation(predictor: PredictorSpec, path: Path, report: Reporter): void {
  const index = (predictor.containers ?? []).findIndex(({ name }) => name === containerNames.transformer)
  const env = predictor.containers?.[index]?.env ?? []
  const at = env.findIndex(({ name }) => name === environment.storageUri)
  if (at < 0) return
  const message = `a ${containerNames.transformer} cannot fetch a model of its own: set ${environment.storageUri} on ${containerNames.server}`
  report.error([...path, 'containers', index, 'env', at], 'collocation', message)
}
