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
