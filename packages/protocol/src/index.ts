export { readBinaryData, writeBinaryData } from './binary-data.ts'
export { InvalidInput } from './invalid-input.ts'
export {
  type Datatype,
  datatypes,
  elementCount,
  formatSpec,
  type NumericTensor,
  type Tensor,
  type TensorArrays,
  type TensorOf,
  type TensorSpec,
} from './tensor.ts'
export { makeTensor } from './tensor-data.ts'
export { parseV1Request, type V1Request } from './v1-request.ts'
export { formatV1Response } from './v1-response.ts'
export { type InferParameters, type InferRequest, parseInferRequest, type RequestedOutput } from './v2-request.ts'
export { type EncodedAnswer, formatInferResponse, type InferAnswer } from './v2-response.ts'
