import { frameworks, type PredictorSpec } from '@millrace/api'

const v2Frameworks: readonly string[] = ['triton', 'onnx', 'huggingface']

/** The predictor of a stored service in the newer form, for those who look at services of others: no defaults beyond. */
export function readPredictor(predictor: PredictorSpec): PredictorSpec {
  const framework = frameworks.find((name) => predictor[name] !== undefined)
  if (!framework) return predictor
  const { [framework]: server, ...rest } = predictor
  const protocolVersion = server?.protocolVersion ?? (v2Frameworks.includes(framework) ? 'v2' : undefined)
  const protocol = protocolVersion === undefined ? {} : { protocolVersion }
  return { ...rest, model: { ...server, ...protocol, modelFormat: { name: framework } } }
}
