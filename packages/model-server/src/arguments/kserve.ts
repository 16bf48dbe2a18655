import { type Flags, parseFlags } from './flags.ts'
import { chooseHost, defaults, type Environment, isTrue, type ParsedArguments } from './server-options.ts'

/** The arguments of KServe's Python servers (kserve/model_server.py and each server's own), then ours. */
export const kserveFlags: Flags = {
  model_name: { kind: 'text', help: `name in the URL, ${defaults.modelName} unless given` },
  model_dir: { kind: 'text', help: 'directory that holds the model; required' },
  http_port: { kind: 'port', help: `port of V1 and V2 over HTTP, ${defaults.httpPort} unless given` },
  workers: { kind: 'count', help: 'processes that serve the port together, 1 unless given' },
  nthread: { kind: 'count', help: 'threads that one prediction may use, the CPUs (at most 8) unless given' },
  timeout_keep_alive: {
    kind: 'count',
    help: `seconds an idle connection stays open, ${defaults.keepAliveSeconds} unless given`,
  },
  grpc_port: { kind: 'port', help: 'accepted; gRPC is not served' },
  enable_grpc: { kind: 'boolean', help: 'accepted; gRPC is not served' },
  protocol: { kind: 'text', help: 'v1 or v2; both are always served' },
  framework: { kind: 'text', help: 'the same as --model_format' },
  model_format: { kind: 'text', help: 'sklearn, xgboost, lightgbm or onnx; told from the files unless given' },
  host: {
    kind: 'text',
    help: 'address to listen on: MILLRACE_BIND_ADDRESS, else 0.0.0.0 in Kubernetes, else 127.0.0.1',
  },
  body_bytes_max: { kind: 'bytes', help: 'largest request body, 104857600 (100 MiB) unless given' },
  drain_seconds: { kind: 'count', help: 'after SIGTERM, how long requests are still taken, 1 unless given' },
  help: { kind: 'switch' },
  max_threads: { kind: 'ignored' },
  max_asyncio_workers: { kind: 'ignored' },
  enable_docs_url: { kind: 'ignored' },
  enable_latency_logging: { kind: 'ignored' },
  configure_logging: { kind: 'ignored' },
  log_config_file: { kind: 'ignored' },
  access_log_format: { kind: 'ignored' },
  event_loop: { kind: 'ignored' },
  predictor_host: { kind: 'ignored' },
  predictor_protocol: { kind: 'ignored' },
  predictor_use_ssl: { kind: 'ignored' },
  predictor_request_timeout_seconds: { kind: 'ignored' },
  predictor_request_retries: { kind: 'ignored' },
  enable_predictor_health_check: { kind: 'ignored' },
  grpc_max_send_message_length: { kind: 'ignored' },
  grpc_max_receive_message_length: { kind: 'ignored' },
}

export function parseKserve(args: readonly string[], environment: Environment): ParsedArguments {
  const parsed = parseFlags(args, kserveFlags)
  if (!parsed.ok) return parsed
  const { text, number, isTrue: isSet } = parsed.values
  const modelDir = text('model_dir')
  if (modelDir === undefined) return { ok: false, error: '--model_dir is missing: the directory that holds the model.' }
  const protocol = text('protocol')
  if (protocol !== undefined && !['v1', 'v2'].includes(protocol)) {
    return { ok: false, error: `--protocol=${protocol} is not served; v1 and v2 are (gRPC is not served yet).` }
  }
  const wantsGrpc = isSet('enable_grpc') ?? text('grpc_port') !== undefined
  return {
    ok: true,
    options: {
      modelName: text('model_name') ?? defaults.modelName,
      modelDir,
      isNameless: false,
      modelFormat: text('model_format') ?? text('framework'),
      host: chooseHost(text('host'), environment),
      httpPort: number('http_port') ?? defaults.httpPort,
      workers: Math.max(1, number('workers') ?? defaults.workers),
      threads: Math.max(1, number('nthread') ?? defaults.threads),
      keepAliveSeconds: number('timeout_keep_alive') ?? defaults.keepAliveSeconds,
      drainSeconds: number('drain_seconds') ?? defaults.drainSeconds,
      bodyBytesMax: number('body_bytes_max') ?? defaults.bodyBytesMax,
      predictProba: isTrue(environment['PREDICT_PROBA']),
      notes: wantsGrpc ? ['gRPC is not served yet: only HTTP (V1 and V2) answers.'] : [],
    },
  }
}
