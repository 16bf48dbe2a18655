import { formatV1Response, parseV1Request } from '@millrace/protocol'
import { type Handler, json, RequestError } from './answer.ts'
import { findModel } from './find-model.ts'
import { timed } from './timed.ts'

export const v1Models: Handler = ({ models }) => json({ models: models.names })

export const v1ModelReady: Handler = (context, request) => {
  const { name } = findModel(context, request)
  if (!context.isReady()) throw new RequestError(503, `Model with name ${name} is not ready: the server is stopping.`)
  return json({ name: request.parameters[0], ready: true })
}

export const v1Predict: Handler = async (context, request) => {
  const { name, model } = findModel(context, request)
  const time = timed(context.metrics, name)
  const question = time('request_preprocess_seconds', () => parseV1Request(request.body))
  const outputs = await time.async('request_predict_seconds', () =>
    model.predict({ protocol: 'v1', parameters: {}, ...question }),
  )
  return { status: 200, body: time('request_postprocess_seconds', () => formatV1Response(outputs)) }
}

/** KServe's predictors have no explanations either and answer 501. */
export const v1Explain: Handler = (context, request) => {
  const { name } = findModel(context, request)
  throw new RequestError(
    501,
    `Model with name ${name} has no explainer; give the InferenceService an explainer component.`,
  )
}
