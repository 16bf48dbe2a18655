import type { LoadModel } from './runtime.ts'

/** One row for each kind of model. A runtime's code is imported only when a model of its kind is loaded. */
export interface Runtime {
  readonly name: string
  /** File endings that KServe's server of this format looks for, then the further ones that Millrace reads; in this order. */
  readonly extensions: readonly string[]
  readonly importLoad: () => Promise<LoadModel>
}

export const runtimes: readonly Runtime[] = [
  {
    name: 'sklearn',
    extensions: ['.joblib', '.pkl', '.pickle'],
    importLoad: async () => (await import('./sklearn/load.ts')).load,
  },
  {
    name: 'xgboost',
    extensions: ['.bst', '.json', '.ubj', '.model'],
    importLoad: async () => (await import('./xgboost/load.ts')).load,
  },
  {
    name: 'lightgbm',
    extensions: ['.bst', '.txt', '.lgb'],
    importLoad: async () => (await import('./lightgbm/load.ts')).load,
  },
  {
    name: 'onnx',
    extensions: ['.onnx', '.ort'],
    importLoad: async () => (await import('./onnx/load.ts')).load,
  },
]
