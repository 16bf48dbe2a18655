import { readBinaryData } from './binary-data.ts'
import { InvalidInput } from './invalid-input.ts'
import { describeJson, isJsonObject, parseJsonBody, parseJsonBodyExactly } from './json-body.ts'
import { measureShape } from './nested-array.ts'
import { type Datatype, datatypes, elementCount, type Tensor } from './tensor.ts'
import { needsExactNumbers, readTensorData } from './tensor-data.ts'

/** Parameters of a request, an input or an output: strings, numbers and booleans by name (V2, "Parameters"). */
export type InferParameters = Readonly<Record<string, string | number | boolean>>

export interface RequestedOutput {
  readonly name: string
  /** Whether the answer is to carry it as bytes behind the JSON ("Binary Tensor Data Extension"). */
  readonly isBinary: boolean
}

/** A V2 inference request, read and checked against itself; whether it fits a model is the model's to say. */
export interface InferRequest {
  readonly id: string | undefined
  readonly parameters: InferParameters
  readonly inputs: readonly Tensor[]
  /** Empty: the client wants every output. */
  readonly outputs: readonly RequestedOutput[]
  /** `binary_data_output`: every output that is not asked for by name comes as bytes. */
  readonly isBinaryOutput: boolean
}

/** More inputs than any model has; columns of a table come as one input each. */
const inputsMax = 100_000

/**
 * Reads a V2 inference request (`$inference_request`). `jsonLength` is the value of the Inference-Header-Content-Length
 * header: the JSON ends there and binary tensor data follows. Data may be flat or nested; the count must match the shape.
 * null is NaN in floating point inputs. Throws `InvalidInput`.
 */
export function parseInferRequest(body: Buffer, jsonLength?: number): InferRequest {
  if (jsonLength !== undefined && (jsonLength < 1 || jsonLength > body.length)) {
    throw new InvalidInput(`Inference-Header-Content-Length is ${jsonLength}, but the body has ${body.length} bytes.`)
  }
  const json = jsonLength === undefined ? body : body.subarray(0, jsonLength)
  const binary = jsonLength === undefined ? undefined : body.subarray(jsonLength)
  try {
    return readRequest(parseJsonBody(json), binary)
  } catch (error) {
    if (error !== needsExactNumbers) throw error
    return readRequest(parseJsonBodyExactly(json), binary)
  }
}

function readRequest(document: unknown, binary: Buffer | undefined): InferRequest {
  if (!isJsonObject(document))
    throw new InvalidInput(`Expected an object with "inputs", got ${describeJson(document)}.`)
  const { id, inputs, outputs } = document
  if (id !== undefined && id !== null && typeof id !== 'string') {
    throw new InvalidInput(`"id" is ${describeJson(id)}; expected text.`)
  }
  if (!Array.isArray(inputs)) {
    const hint = Object.hasOwn(document, 'instances') ? ' ("instances" belongs to V1: /v1/models/…:predict)' : ''
    throw new InvalidInput(`Expected "inputs" to be a list of tensors, got ${describeJson(inputs)}${hint}.`)
  }
  if (inputs.length > inputsMax)
    throw new InvalidInput(`"inputs" has ${inputs.length} tensors; the most is ${inputsMax}.`)
  const parameters = readParameters(document['parameters'], 'parameters')
  const bytes = { data: binary, offset: 0 }
  const tensors = inputs.map((input, i) => readInput(input, i, bytes))
  if (binary !== undefined && bytes.offset !== binary.length) {
    throw new InvalidInput(
      `The inputs name ${bytes.offset} bytes of binary data, but ${binary.length} follow the JSON.`,
    )
  }
  const isBinaryOutput = parameters['binary_data_output'] === true
  return {
    id: typeof id === 'string' && id !== '' ? id : undefined,
    parameters,
    inputs: tensors,
    outputs: readOutputs(outputs, isBinaryOutput),
    isBinaryOutput,
  }
}

function readInput(value: unknown, i: number, bytes: { readonly data: Buffer | undefined; offset: number }): Tensor {
  const at = `inputs[${i}]`
  if (!isJsonObject(value)) throw new InvalidInput(`${at} is ${describeJson(value)}; expected an object.`)
  const { name, datatype, data } = value
  if (typeof name !== 'string') throw new InvalidInput(`${at}.name is ${describeJson(name)}; expected text.`)
  const label = `${at} ${JSON.stringify(name)}`
  const shape = readShape(value['shape'], label)
  const type = readDatatype(datatype, label)
  const parameters = readParameters(value['parameters'], `${label} parameters`)
  const size = parameters['binary_data_size']
  if (size !== undefined && data === undefined) {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
      throw new InvalidInput(`${label} binary_data_size is ${describeJson(size)}; expected a number of bytes.`)
    }
    if (bytes.data === undefined) {
      throw new InvalidInput(
        `${label} has binary_data_size, but the request has no Inference-Header-Content-Length header.`,
      )
    }
    if (bytes.offset + size > bytes.data.length) {
      throw new InvalidInput(
        `${label} names ${size} bytes of binary data, but ${bytes.data.length - bytes.offset} are left.`,
      )
    }
    const part = bytes.data.subarray(bytes.offset, bytes.offset + size)
    bytes.offset += size
    return readBinaryData(name, type, shape, part, label)
  }
  if (!Array.isArray(data)) throw new InvalidInput(`${label} data is ${describeJson(data)}; expected a list.`)
  const place = { at: `${label} data`, shape: measureShape(data, `${label} data`) }
  const expected = elementCount(shape)
  const got = elementCount(place.shape)
  if (got !== expected) {
    throw new InvalidInput(
      `${label} has shape [${shape.join(',')}], which is ${expected} elements, but its data has ${got}.`,
    )
  }
  return readTensorData(name, type, shape, data, place)
}

function readShape(value: unknown, label: string): number[] {
  const isShape = Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0)
  if (!isShape)
    throw new InvalidInput(`${label} shape is ${describeJson(value)}; expected a list of sizes, each 0 or more.`)
  return value
}

function readDatatype(value: unknown, label: string): Datatype {
  const upper = typeof value === 'string' ? value.toUpperCase() : ''
  const found = datatypes.find((datatype) => datatype === upper)
  if (found === undefined)
    throw new InvalidInput(`${label} datatype is ${describeJson(value)}; expected ${datatypes.join(', ')}.`)
  return found
}

function readOutputs(value: unknown, isBinaryOutput: boolean): RequestedOutput[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new InvalidInput(`"outputs" is ${describeJson(value)}; expected a list.`)
  if (value.length > inputsMax)
    throw new InvalidInput(`"outputs" has ${value.length} entries; the most is ${inputsMax}.`)
  return value.map((output, i) => {
    if (!isJsonObject(output) || typeof output['name'] !== 'string') {
      throw new InvalidInput(`outputs[${i}] has no name; expected {"name": "…"}.`)
    }
    const { binary_data: isBinary } = readParameters(output['parameters'], `outputs[${i}] parameters`)
    return { name: output['name'], isBinary: typeof isBinary === 'boolean' ? isBinary : isBinaryOutput }
  })
}

function readParameters(value: unknown, label: string): InferParameters {
  if (value === undefined || value === null) return {}
  if (!isJsonObject(value)) throw new InvalidInput(`${label} is ${describeJson(value)}; expected an object.`)
  const parameters: [string, string | number | boolean][] = []
  for (const [key, entry] of Object.entries(value)) {
    if (entry === null) continue
    if (!isScalar(entry)) {
      throw new InvalidInput(
        `${label} ${JSON.stringify(key)} is ${describeJson(entry)}; expected text, a number or a boolean.`,
      )
    }
    parameters.push([key, entry])
  }
  return Object.fromEntries(parameters)
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
