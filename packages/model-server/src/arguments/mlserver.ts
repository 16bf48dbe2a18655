import { chooseHost, defaults, type Environment, isTrue, type ParsedArguments } from './server-options.ts'

/** MLServer's implementation classes and the runtime here that reads the same files. */
const formats: Readonly<Record<string, string>> = {
  'mlserver_sklearn.SKLearnModel': 'sklearn',
  'mlserver_xgboost.XGBoostModel': 'xgboost',
  'mlserver_lightgbm.LightGBMModel': 'lightgbm',
}

/** MLServer takes everything from its environment, as KServe's kserve-mlserver runtime and its defaulting set it. */
export function parseMlserver(environment: Environment): ParsedArguments {
  const implementation = environment['MLSERVER_MODEL_IMPLEMENTATION'] ?? ''
  const modelFormat = formats[implementation]
  if (modelFormat === undefined) {
    const known = Object.keys(formats).join(', ')
    return { ok: false, error: `MLSERVER_MODEL_IMPLEMENTATION is "${implementation}"; served are ${known}.` }
  }
  const port = environment['MLSERVER_HTTP_PORT'] ?? '8080'
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535)
    return { ok: false, error: `MLSERVER_HTTP_PORT=${port} is no port.` }
  const workers = Number(environment['MLSERVER_PARALLEL_WORKERS'] ?? 1)
  return {
    ok: true,
    options: {
      modelName: environment['MLSERVER_MODEL_NAME'] ?? defaults.modelName,
      modelDir: environment['MLSERVER_MODEL_URI'] ?? '/mnt/models',
      isNameless: false,
      modelFormat,
      host: chooseHost(undefined, environment),
      httpPort: Number(port),
      workers: Number.isInteger(workers) && workers > 0 && workers <= 64 ? workers : 1,
      threads: defaults.threads,
      keepAliveSeconds: defaults.keepAliveSeconds,
      drainSeconds: defaults.drainSeconds,
      bodyBytesMax: defaults.bodyBytesMax,
      predictProba: isTrue(environment['PREDICT_PROBA']),
      notes: [],
    },
  }
}
