import type { PredictorSpec } from '../../kinds/inference-service.ts'
import { type Framework, frameworks } from '../../schema/model.ts'
import { containerNames, environment } from '../../wire-keys.ts'
import type { Reporter } from '../check-context.ts'

type Path = readonly (string | number)[]

/** The predictor forms that are set: `model`, frameworks of the older form, and `containers` where they hold the server. */
export function predictorForms(predictor: PredictorSpec): ('model' | 'containers' | Framework)[] {
  const forms: ('model' | 'containers' | Framework)[] = frameworks.filter((name) => predictor[name] !== undefined)
  if (predictor.model) forms.push('model')
  const containers = predictor.containers ?? []
  const hasServer = containers.some(({ name }) => name === containerNames.server)
  if (hasServer || (forms.length === 0 && containers.length > 0)) forms.push('containers')
  return forms
}

/** A model server has its name from us. A canary's may have one, which KServe's schema demands there, and is ignored. */
export function checkServerName(predictor: PredictorSpec, path: Path, report: Reporter): void {
  for (const form of predictorForms(predictor)) {
    if (form === 'containers' || !predictor[form]?.name) continue
    const message = `cannot be chosen: the container is always called ${containerNames.server}; remove it`
    report.error([...path, form, 'name'], 'model-name', message, { value: predictor[form].name })
  }
}

const customProtocols = ['v1', 'v2']

/** The protocol that a container of one's own announces. */
export function checkCustomProtocol(predictor: PredictorSpec, path: Path, report: Reporter): void {
  if (predictorForms(predictor)[0] !== 'containers') return
  const env = predictor.containers?.[0]?.env ?? []
  const index = env.findIndex(({ name }) => name === environment.protocol)
  const value = env[index]?.value ?? ''
  if (index < 0 || customProtocols.includes(value)) return
  const message = `${JSON.stringify(value)} is not a protocol that a custom container can announce: use v1 or v2`
  report.error([...path, 'containers', 0, 'env', index, 'value'], 'protocol', message, { value })
}
