export { type LoadModel, type LoadOptions, type Model, ModelUnreadable, type PredictRequest } from './runtime.ts'
export { type Runtime, runtimes } from './runtimes.ts'
