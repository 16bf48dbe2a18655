import type { ClusterServingRuntime } from '../kinds/serving-runtime.ts'
import { multiNodeHuggingFace } from './multi-node-hugging-face.ts'
import { clusterServingRuntime, format, type RuntimeSource } from './runtime-source.ts'

/** Arguments that all of KServe's own servers take. */
const ownServerArgs = ['--model_name={{.Name}}', '--model_dir=/mnt/models', '--http_port=8080']
const v1AndV2 = ['v1', 'v2']

const openAiModels = { path: '/v1/models', port: 8080 }

/**
 * The runtimes that ship, under KServe's names and with its images, so that `runtime:` in people's services keeps naming
 * what it named. One is ours: KServe has none that reads ONNX and speaks v1.
 */
const sources: readonly RuntimeSource[] = [
  {
    name: 'kserve-sklearnserver',
    serverType: 'sklearnserver',
    image: 'kserve/sklearnserver:latest',
    args: ownServerArgs,
    protocols: v1AndV2,
    formats: [format('sklearn', '1', 1)],
  },
  {
    name: 'kserve-xgbserver',
    serverType: 'xgbserver',
    image: 'kserve/xgbserver:latest',
    args: [...ownServerArgs, '--nthread=1'],
    protocols: v1AndV2,
    formats: [format('xgboost', '2', 1)],
  },
  {
    name: 'kserve-lgbserver',
    serverType: 'lgbserver',
    image: 'kserve/lgbserver:latest',
    args: [...ownServerArgs, '--nthread=1'],
    protocols: v1AndV2,
    formats: [format('lightgbm', '4', 1)],
  },
  {
    name: 'kserve-pmmlserver',
    serverType: 'pmmlserver',
    image: 'kserve/pmmlserver:latest',
    args: ownServerArgs,
    protocols: v1AndV2,
    formats: [format('pmml', '3', 1), format('pmml', '4', 1)],
  },
  {
    name: 'kserve-paddleserver',
    serverType: 'paddleserver',
    image: 'kserve/paddleserver:latest',
    args: ownServerArgs,
    protocols: v1AndV2,
    formats: [format('paddle', '2', 1)],
  },
  {
    name: 'kserve-autogluonserver',
    serverType: 'autogluonserver',
    image: 'kserve/autogluonserver:latest',
    args: ownServerArgs,
    protocols: v1AndV2,
    formats: [format('autogluon', '1', 1)],
  },
  {
    name: 'kserve-predictiveserver',
    serverType: 'predictiveserver',
    image: 'kserve/predictiveserver:latest',
    args: [...ownServerArgs, '--framework={{.Annotations.modelFormat}}', '--nthread=1'],
    protocols: v1AndV2,
    formats: [format('sklearn', '1', 3, false), format('xgboost', '2', 3, false), format('lightgbm', '4', 3, false)],
    more: { multiModel: false },
  },
  {
    name: 'millrace-onnxserver',
    serverType: 'onnxserver',
    image: 'millrace/model-server:latest',
    args: ownServerArgs,
    protocols: v1AndV2,
    // No priority: where Triton serves the protocol too, Triton is chosen.
    formats: [{ name: 'onnx', version: '1', autoSelect: true }],
  },
  {
    name: 'kserve-mlserver',
    serverType: 'mlserver',
    image: 'docker.io/seldonio/mlserver:1.7.1',
    env: [
      { name: 'MLSERVER_MODEL_IMPLEMENTATION', value: '{{.Labels.modelClass}}' },
      { name: 'MLSERVER_HTTP_PORT', value: '8080' },
      { name: 'MLSERVER_GRPC_PORT', value: '9000' },
    ],
    protocols: ['v2'],
    formats: [
      format('sklearn', '0', 2),
      format('sklearn', '1', 2),
      format('xgboost', '1', 2),
      format('xgboost', '2', 2),
      format('lightgbm', '3', 2),
      format('lightgbm', '4', 2),
      format('mlflow', '1', 1),
      format('mlflow', '2', 1),
    ],
  },
  {
    name: 'kserve-tensorflow-serving',
    serverType: 'tensorflow-serving',
    image: 'tensorflow/serving:2.6.2',
    command: ['/usr/bin/tensorflow_model_server'],
    args: [
      '--model_name={{.Name}}',
      '--port=9000',
      '--rest_api_port=8080',
      '--model_base_path=/mnt/models',
      '--rest_api_timeout_in_ms=60000',
    ],
    protocols: ['v1', 'grpc-v1'],
    formats: [format('tensorflow', '1', 2), format('tensorflow', '2', 2)],
    runAsUser: 1000,
  },
  {
    name: 'kserve-torchserve',
    serverType: 'torchserve',
    image: 'pytorch/torchserve-kfs:0.9.0',
    args: [
      'torchserve',
      '--start',
      '--model-store=/mnt/models/model-store',
      '--ts-config=/mnt/models/config/config.properties',
    ],
    env: [{ name: 'TS_SERVICE_ENVELOPE', value: '{{.Labels.serviceEnvelope}}' }],
    protocols: ['v1', 'v2', 'grpc-v2'],
    formats: [format('pytorch', '1', 2)],
    metricsPort: '8082',
    runAsUser: 1000,
  },
  {
    name: 'kserve-tritonserver',
    serverType: 'tritonserver',
    image: 'nvcr.io/nvidia/tritonserver:23.05-py3',
    args: [
      'tritonserver',
      '--model-store=/mnt/models',
      '--grpc-port=9000',
      '--http-port=8080',
      '--allow-grpc=true',
      '--allow-http=true',
    ],
    protocols: ['v2', 'grpc-v2'],
    formats: [
      format('tensorrt', '8', 1),
      format('tensorflow', '1', 1),
      format('tensorflow', '2', 1),
      format('onnx', '1', 1),
      { name: 'pytorch', version: '1' },
      format('triton', '2', 1),
    ],
    metricsPort: '8002',
    runAsUser: 1000,
  },
  {
    name: 'kserve-huggingfaceserver',
    serverType: 'huggingfaceserver',
    image: 'kserve/huggingfaceserver:latest',
    args: ['--model_name={{.Name}}'],
    env: [{ name: 'LMCACHE_USE_EXPERIMENTAL', value: 'True' }],
    protocols: ['v2', 'v1'],
    formats: [format('huggingface', '1', 1)],
    sharedMemory: 'devshm',
    more: { hostIPC: false },
  },
  {
    name: 'kserve-vllmserver',
    serverType: 'vllmserver',
    image: 'vllm/vllm-openai:latest',
    command: ['python', '-m', 'vllm.entrypoints.openai.api_server'],
    args: ['--port=8080', '--served-model-name={{.Name}}', '--model=/mnt/models'],
    env: [
      { name: 'LMCACHE_USE_EXPERIMENTAL', value: 'True' },
      { name: 'HF_HOME', value: '/tmp' },
      { name: 'VLLM_CONFIG_ROOT', value: '/tmp' },
      { name: 'VLLM_WORKER_MULTIPROC_METHOD', value: 'spawn' },
    ],
    formats: [format('vLLM', '1', 1)],
    runAsNonRoot: false,
    readinessProbe: {
      httpGet: openAiModels,
      periodSeconds: 10,
      timeoutSeconds: 5,
      successThreshold: 1,
      failureThreshold: 3,
    },
    startupProbe: {
      httpGet: openAiModels,
      initialDelaySeconds: 30,
      periodSeconds: 30,
      timeoutSeconds: 10,
      successThreshold: 1,
      failureThreshold: 60,
    },
    sharedMemory: 'devshm',
    more: { hostIPC: false },
  },
]

/** The ClusterServingRuntimes that are installed, by name. */
export const shippedRuntimes: readonly ClusterServingRuntime[] = [
  ...sources.map(clusterServingRuntime),
  multiNodeHuggingFace,
].sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
