import type { InferParameters, Tensor, TensorSpec } from '@millrace/protocol'

/** Parameters of a V2 request: strings, numbers and booleans by name. V1 requests have none. */
export type Parameters = InferParameters

/**
 * What a model is asked. One of three forms:
 * - one unnamed tensor, rows × features (V1 arrays; name is `input-0`), `isNamed` false;
 * - the tensors of a V2 request with the names that the client gave, `isNamed` true;
 * - columns: one tensor of shape [rows] or [rows, …] for each key of V1's objects
 *   (`{"instances": [{"age": 3, "sex": "f"}]}`) or for each input of a V2 request with `content_type: pd`, `isNamed` true.
 * A missing number (null in JSON) is NaN in FP16/FP32/FP64. V1 numbers arrive as FP64 (as INT64 only where an integer
 * beyond 2^53 is among them), V1 booleans as BOOL, V1 text as BYTES of strings.
 */
export interface PredictRequest {
  readonly protocol: 'v1' | 'v2'
  readonly inputs: readonly Tensor[]
  readonly isNamed: boolean
  readonly parameters: Parameters
}

/** A loaded model. `predict` may be called while another call of it is running. */
export interface Model {
  /** V2 metadata. `platform` is the protocol's `<project>_<format>`, for example `xgboost_json`, `sklearn_joblib`. */
  readonly platform: string
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  /**
   * Rejects (or throws) `InvalidInput` when the request does not fit the model: what was expected, what came. Anything
   * else that is thrown is the server's fault and answered with 500. Outputs are in the order of `outputs`; a model with
   * one output names it `output-0` unless the file names it.
   */
  predict(request: PredictRequest): readonly Tensor[] | Promise<readonly Tensor[]>
  close(): void | Promise<void>
}

export interface LoadOptions {
  /** Threads that one prediction may use; at least 1. */
  readonly threads: number
  /** KServe's PREDICT_PROBA=true: class probabilities in place of classes, where the model has them. */
  readonly predictProba: boolean
  /** One line about something a person should know; nothing secret, not per request. */
  readonly log: (message: string, fields?: Readonly<Record<string, unknown>>) => void
}

/**
 * Reads one model file. Rejects with `ModelUnreadable` when the file is corrupt or holds something that this runtime does
 * not serve. The file is untrusted: no allocation or loop may be larger than the file's size justifies.
 */
export type LoadModel = (file: string, options: LoadOptions) => Promise<Model>

/**
 * The model file cannot be served. The message is one sentence: what is wrong and where (path inside the document, byte
 * offset, class name), then what to do. The caller puts the file's name in front.
 */
export class ModelUnreadable extends Error {
  override readonly name = 'ModelUnreadable'
}
