import { writeBinaryData } from './binary-data.ts'
import { InvalidInput } from './invalid-input.ts'
import type { Tensor } from './tensor.ts'
import { formatFlat } from './tensor-json.ts'
import type { InferRequest } from './v2-request.ts'

/** What an answer says besides its tensors. */
export interface InferAnswer {
  readonly modelName: string
  readonly modelVersion?: string
  readonly id: string
  readonly outputs: readonly Tensor[]
}

export interface EncodedAnswer {
  readonly body: string | Buffer
  /** Set when binary data follows the JSON: the value of Inference-Header-Content-Length. */
  readonly jsonLength?: number
}

/**
 * A V2 inference answer (`$inference_response`) with the outputs that the request asked for, in its order, or all of them.
 * Data is flat. Throws `InvalidInput` for an output that the model does not have.
 */
export function formatInferResponse(
  answer: InferAnswer,
  request: Pick<InferRequest, 'outputs' | 'isBinaryOutput'>,
): EncodedAnswer {
  const binary: Buffer[] = []
  const outputs = chooseOutputs(answer.outputs, request).map(({ tensor, isBinary }) => {
    const head = `{"name":${JSON.stringify(tensor.name)},"shape":[${tensor.shape.join(',')}],"datatype":"${tensor.datatype}"`
    if (!isBinary) return `${head},"data":${formatFlat(tensor)}}`
    const bytes = writeBinaryData(tensor)
    binary.push(bytes)
    return `${head},"parameters":{"binary_data_size":${bytes.length}}}`
  })
  const version = answer.modelVersion === undefined ? '' : `,"model_version":${JSON.stringify(answer.modelVersion)}`
  const text = `{"model_name":${JSON.stringify(answer.modelName)}${version},"id":${JSON.stringify(answer.id)},"outputs":[${outputs.join(',')}]}`
  if (binary.length === 0) return { body: text }
  const json = Buffer.from(text, 'utf8')
  return { body: Buffer.concat([json, ...binary]), jsonLength: json.length }
}

function chooseOutputs(
  outputs: readonly Tensor[],
  request: Pick<InferRequest, 'outputs' | 'isBinaryOutput'>,
): { tensor: Tensor; isBinary: boolean }[] {
  if (request.outputs.length === 0) return outputs.map((tensor) => ({ tensor, isBinary: request.isBinaryOutput }))
  return request.outputs.map(({ name, isBinary }) => {
    const tensor = outputs.find((output) => output.name === name)
    if (tensor === undefined) {
      const names = outputs.map((output) => JSON.stringify(output.name)).join(', ')
      throw new InvalidInput(`The model has no output ${JSON.stringify(name)}; it has ${names}.`)
    }
    return { tensor, isBinary }
  })
}
