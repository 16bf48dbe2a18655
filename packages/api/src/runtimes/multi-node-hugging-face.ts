import type { EnvVar, Probe } from '../generated/kubernetes-objects.ts'
import type { ClusterServingRuntime } from '../kinds/serving-runtime.ts'
import { annotations, containerNames } from '../wire-keys.ts'
import { format } from './runtime-source.ts'

const image = 'kserve/huggingfaceserver:latest-gpu'
const resources = { limits: { cpu: '4', memory: '12Gi' }, requests: { cpu: '2', memory: '6Gi' } }
const volumeMounts = [{ name: 'shm', mountPath: '/dev/shm' }]
const volumes = [{ name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: '3Gi' } }]

/** Starts Ray's head, waits for the workers, then serves: a local directory if there is one, else a Hub id. */
const headScript = `set -u
model="\${MODEL_DIR:-\${MODEL_ID:-}}"
export RAY_ADDRESS="\${POD_IP}:\${RAY_PORT}"
ray start --head --disable-usage-stats --include-dashboard=false
python ./huggingfaceserver/health_check.py registered_nodes --retries 200 --probe_name runtime_start
exec python -m huggingfaceserver \${model:+"--model_dir=\${model}"} \\
  "--tensor-parallel-size=\${TENSOR_PARALLEL_SIZE}" "--pipeline-parallel-size=\${PIPELINE_PARALLEL_SIZE}" "$0" "$@"
`

/** Waits for Ray's head, then joins it until it goes away. Ray's complaints are shown only when it takes long. */
const workerScript = `head="\${HEAD_SVC}.\${POD_NAMESPACE}.svc.cluster.local:6379"
quiet_until=240
until { [ "\${SECONDS}" -le "\${quiet_until}" ] && ray health-check --address "\${head}" >/dev/null 2>&1; } ||
  { [ "\${SECONDS}" -gt "\${quiet_until}" ] && ray health-check --address "\${head}"; }; do
  echo "no Ray head at \${head} after \${SECONDS} s"
  sleep 5
done
exec ray start --address="\${head}" --block
`

const workerRay = 'export RAY_ADDRESS="${HEAD_SVC}.${POD_NAMESPACE}.svc.cluster.local:6379"; '
const healthCheck = 'python ./huggingfaceserver/health_check.py'

function fromField(name: string, fieldPath: string): EnvVar {
  return { name, valueFrom: { fieldRef: { fieldPath } } }
}

function shell(script: string): readonly string[] {
  return ['bash', '-c', script]
}

const steady = { failureThreshold: 2, periodSeconds: 5, successThreshold: 1, timeoutSeconds: 15 }
const starting = {
  failureThreshold: 40,
  periodSeconds: 30,
  successThreshold: 1,
  timeoutSeconds: 30,
  initialDelaySeconds: 60,
}

function probe(script: string, times: Omit<Probe, 'exec'>): Probe {
  return { exec: { command: shell(script) }, ...times }
}

const headHealth = 'registered_node_and_runtime_health --health_check_url http://localhost:8080'
const modelsUrl = 'http://${HEAD_SVC}.${POD_NAMESPACE}.svc.cluster.local:8080/v1/models'

/** One Hugging Face model over several nodes, on Ray. */
export const multiNodeHuggingFace: ClusterServingRuntime = {
  apiVersion: 'serving.kserve.io/v1alpha1',
  kind: 'ClusterServingRuntime',
  metadata: {
    name: 'kserve-huggingfaceserver-multinode',
    annotations: { [annotations.serverType]: 'huggingfaceserver' },
  },
  spec: {
    annotations: {
      [annotations.prometheusContainerPort]: '8080',
      [annotations.prometheusContainerPath]: '/metrics',
    },
    supportedModelFormats: [format('huggingface', '1', 2)],
    protocolVersions: ['v2', 'v1'],
    containers: [
      {
        name: containerNames.server,
        image,
        command: shell(headScript),
        args: ['--model_name={{.Name}}'],
        env: [
          { name: 'RAY_PORT', value: '6379' },
          fromField('POD_NAMESPACE', 'metadata.namespace'),
          fromField('POD_IP', 'status.podIP'),
          { name: 'VLLM_CONFIG_ROOT', value: '/tmp' },
          { name: 'HF_HUB_CACHE', value: '/tmp' },
        ],
        resources,
        volumeMounts,
        livenessProbe: probe(`${healthCheck} ${headHealth} --probe_name head_liveness`, steady),
        readinessProbe: probe(
          `${healthCheck} runtime_health --health_check_url http://localhost:8080 --probe_name head_readiness`,
          steady,
        ),
        startupProbe: probe(`${healthCheck} ${headHealth} --probe_name head_startup`, starting),
      },
    ],
    volumes,
    workerSpec: {
      pipelineParallelSize: 1,
      tensorParallelSize: 1,
      containers: [
        {
          name: containerNames.worker,
          image,
          command: shell(workerScript),
          env: [fromField('POD_NAME', 'metadata.name'), fromField('POD_NAMESPACE', 'metadata.namespace')],
          resources,
          volumeMounts,
          livenessProbe: probe(`${workerRay}${healthCheck} registered_nodes --probe_name worker_liveness`, steady),
          startupProbe: probe(
            `${workerRay}${healthCheck} registered_node_and_runtime_models --runtime_url ${modelsUrl} --probe_name worker_startup`,
            starting,
          ),
        },
      ],
      volumes,
    },
  },
}
