import { formatInferResponse, type InferRequest, InvalidInput, parseInferRequest } from '@millrace/protocol'
import { type Answer, type Handler, json, type Request, RequestError } from './answer.ts'
import { findModel } from './find-model.ts'
import { timed } from './timed.ts'

const jsonLengthHeader = 'inference-header-content-length'

export const v2Server: Handler = () => json({ name: 'millrace', version: '0.1.0', extensions: ['binary_tensor_data'] })

export const v2Live: Handler = () => json({ live: true })

export const v2Ready: Handler = (context) => {
  if (!context.isReady()) throw new RequestError(503, 'Server is not ready: it is stopping.')
  return json({ ready: true })
}

export const v2Models: Handler = ({ models }) => json({ models: models.names })

export const v2ModelMetadata: Handler = (context, request) => {
  const { version, model } = findModel(context, request)
  const { platform, inputs, outputs } = model
  return json({
    name: request.parameters[0],
    ...(version !== undefined && { versions: [version] }),
    platform,
    inputs,
    outputs,
  })
}

export const v2ModelReady: Handler = (context, request) => {
  const { name } = findModel(context, request)
  if (!context.isReady()) throw new RequestError(503, `Model with name ${name} is not ready: the server is stopping.`)
  return json({ name: request.parameters[0], ready: true })
}

export const v2Infer: Handler = async (context, request) => {
  const { name, version, model } = findModel(context, request)
  const time = timed(context.metrics, name)
  const question = time('request_preprocess_seconds', () => parseInferRequest(request.body, readJsonLength(request)))
  const outputs = await time.async('request_predict_seconds', () =>
    model.predict({ protocol: 'v2', inputs: question.inputs, isNamed: true, parameters: question.parameters }),
  )
  return time('request_postprocess_seconds', () => {
    const head = { modelName: request.parameters[0] ?? name, id: question.id ?? crypto.randomUUID(), outputs }
    return encode(version === undefined ? head : { ...head, modelVersion: version }, question)
  })
}

function encode(answer: Parameters<typeof formatInferResponse>[0], question: InferRequest): Answer {
  const { body, jsonLength } = formatInferResponse(answer, question)
  if (jsonLength === undefined) return { status: 200, body }
  return {
    status: 200,
    body,
    contentType: 'application/octet-stream',
    headers: { [jsonLengthHeader]: String(jsonLength) },
  }
}

function readJsonLength(request: Request): number | undefined {
  const value = request.headers[jsonLengthHeader]
  if (value === undefined) return undefined
  const length = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
  if (Number.isNaN(length))
    throw new InvalidInput(`The Inference-Header-Content-Length header is "${String(value)}"; expected a number.`)
  return length
}
