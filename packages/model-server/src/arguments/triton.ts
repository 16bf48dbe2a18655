import { type Flags, parseFlags } from './flags.ts'
import { chooseHost, defaults, type Environment, isTrue, type ParsedArguments } from './server-options.ts'

const ignored = { kind: 'ignored' } as const

/** What tritonserver takes and KServe's kserve-tritonserver runtime gives it; the rest of the common ones change nothing here. */
const tritonFlags: Flags = {
  model_store: { kind: 'text' },
  model_repository: { kind: 'text' },
  http_port: { kind: 'port' },
  http_address: { kind: 'text' },
  grpc_port: { kind: 'port' },
  allow_http: { kind: 'boolean' },
  allow_grpc: { kind: 'boolean' },
  model_name: { kind: 'text' },
  model_format: { kind: 'text' },
  host: { kind: 'text' },
  allow_metrics: ignored,
  metrics_port: ignored,
  strict_model_config: ignored,
  disable_auto_complete_config: ignored,
  strict_readiness: ignored,
  exit_on_error: ignored,
  exit_timeout_secs: ignored,
  log_verbose: ignored,
  log_info: ignored,
  log_warning: ignored,
  log_error: ignored,
  backend_config: ignored,
  http_thread_count: ignored,
  pinned_memory_pool_byte_size: ignored,
  cuda_memory_pool_byte_size: ignored,
  model_control_mode: ignored,
  repository_poll_secs: ignored,
}

/** `tritonserver --model-store=DIR …`, for the runtime kserve-tritonserver: the ONNX models of the store are served. */
export function parseTriton(args: readonly string[], environment: Environment): ParsedArguments {
  const parsed = parseFlags(args, tritonFlags)
  if (!parsed.ok) return parsed
  const { text, number, isTrue: isSet } = parsed.values
  const modelDir = text('model_repository') ?? text('model_store')
  if (modelDir === undefined)
    return { ok: false, error: '--model-repository is missing: the directory with a folder for each model.' }
  if (isSet('allow_http') === false)
    return { ok: false, error: '--allow-http=false leaves nothing to serve: gRPC is not served yet.' }
  const wantsGrpc = isSet('allow_grpc') ?? text('grpc_port') !== undefined
  return {
    ok: true,
    options: {
      modelName: text('model_name') ?? defaults.modelName,
      modelDir,
      isNameless: text('model_name') === undefined,
      modelFormat: text('model_format'),
      host: chooseHost(text('host') ?? text('http_address'), environment),
      // tritonserver's own default is 8000.
      httpPort: number('http_port') ?? 8000,
      workers: defaults.workers,
      threads: defaults.threads,
      keepAliveSeconds: defaults.keepAliveSeconds,
      drainSeconds: defaults.drainSeconds,
      bodyBytesMax: defaults.bodyBytesMax,
      predictProba: isTrue(environment['PREDICT_PROBA']),
      notes: wantsGrpc ? ['gRPC is not served yet: only HTTP (V2 and V1) answers.'] : [],
    },
  }
}
