import { readFile } from 'node:fs/promises'
import { InvalidInput, type Tensor, type TensorSpec } from '@millrace/protocol'
import type { InferenceSession, OnnxValue, Tensor as OrtTensor } from 'onnxruntime-node'
import { type LoadOptions, type Model, ModelUnreadable, type PredictRequest } from '../runtime.ts'
import { matchInputs } from './feeds.ts'
import { datatypeOf, fromOrt, typeOf } from './value-types.ts'
import { withoutZipMaps } from './zip-map.ts'

type Onnxruntime = typeof import('onnxruntime-node')

/** Loads an ONNX model with onnxruntime's CPU library. Data files that the model names are read from beside it. */
export async function load(file: string, options: LoadOptions): Promise<Model> {
  const ort = await import('onnxruntime-node')
  const session = await openSession(ort, file, options)
  const inputs = session.inputMetadata.map((value) => readSpec('input', value))
  const outputs = session.outputMetadata.map((value) => readSpec('output', value))
  return {
    platform: 'onnxruntime_onnx',
    inputs,
    outputs,
    async predict(request: PredictRequest) {
      const feeds: Record<string, OrtTensor> = {}
      for (const tensor of matchInputs(request, inputs)) feeds[tensor.name] = toOrt(ort, tensor)
      const answers = await session.run(feeds)
      return outputs.map((output) => fromOrt(output.name, asTensor(answers[output.name], output.name)))
    },
    close: () => session.release(),
  }
}

async function openSession(ort: Onnxruntime, file: string, options: LoadOptions): Promise<InferenceSession> {
  const settings: InferenceSession.SessionOptions = {
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
    // Threads that wait in a loop would take the CPU from the other servers of the machine.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  }
  const session = await create(() => ort.InferenceSession.create(file, settings))
  if (session.outputMetadata.every((value) => value.isTensor)) return session
  const rewritten = withoutZipMaps(await readFile(file))
  if (rewritten === undefined) return session
  await session.release()
  options.log('serving the ZipMap output as a matrix of probabilities, rows × classes')
  return await create(() => ort.InferenceSession.create(rewritten, settings))
}

async function create(open: () => Promise<InferenceSession>): Promise<InferenceSession> {
  try {
    return await open()
  } catch (error) {
    // onnxruntime's message starts with the file's path, which the caller puts in front anyhow.
    const message = error instanceof Error ? error.message : String(error)
    const reason = message.split('\n')[0]?.replace(/^Load model from .* failed:/, '') ?? ''
    throw new ModelUnreadable(`onnxruntime cannot load it: ${reason}`)
  }
}

function readSpec(kind: 'input' | 'output', value: InferenceSession.ValueMetadata): TensorSpec {
  if (!value.isTensor) {
    throw new ModelUnreadable(
      `its ${kind} "${value.name}" is no tensor but a list or dictionary, which the protocols cannot carry; convert the model without it (skl2onnx: options={"zipmap": False})`,
    )
  }
  const datatype = datatypeOf(value.type)
  if (datatype === undefined) {
    throw new ModelUnreadable(`its ${kind} "${value.name}" is of type ${value.type}, which the protocols do not have`)
  }
  return {
    name: value.name,
    datatype,
    shape: value.shape.map((size) => (typeof size === 'number' && size >= 0 ? size : -1)),
  }
}

function toOrt(ort: Onnxruntime, tensor: Tensor): OrtTensor {
  const type = typeOf(tensor.datatype)
  if (tensor.datatype === 'FP16') {
    // onnxruntime's Tensor turns these bits into a Float16Array, which its own native code then does not know.
    const { buffer, byteOffset, length } = tensor.data
    const bits = new Uint16Array(buffer, byteOffset, length)
    return Object.assign(new ort.Tensor('uint16', bits, tensor.shape), { type })
  }
  if (tensor.datatype !== 'BYTES') return new ort.Tensor(type, tensor.data as OrtTensor.DataType, tensor.shape)
  const texts = tensor.data.map((value) => {
    if (typeof value === 'string') return value
    throw new InvalidInput(`Input "${tensor.name}" holds bytes that are not UTF-8 text; the model takes text.`)
  })
  return new ort.Tensor('string', texts, tensor.shape)
}

function asTensor(value: OnnxValue | undefined, name: string): OrtTensor {
  if (value === undefined || !('dims' in value)) throw new Error(`onnxruntime gave no tensor for "${name}"`)
  return value
}
