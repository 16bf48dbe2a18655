import { resources as serving } from '@millrace/api'
import { type Client, isKubeError, type KubeObject, type ObjectName, type Resource } from '@millrace/kube'

/** An InferenceService in `default`. */
export function inferenceService(
  name: string,
  predictor: object = {},
  annotations: Readonly<Record<string, string>> = {},
): KubeObject {
  const model = { modelFormat: { name: 'sklearn' }, storageUri: 'https://models.example/iris.joblib' }
  return {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { namespace: 'default', name, annotations },
    spec: { predictor: { model, ...predictor } },
  }
}

export const inKnativeMode = { 'serving.kserve.io/deploymentMode': 'Knative' }
export const scaledByKeda = { 'serving.kserve.io/autoscalerClass': 'keda' }

/** Scaled by what CPUs do. */
export const byCpu = {
  autoScaling: {
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
  },
}

/** Scaled by what pods tell an OpenTelemetry collector. */
export const byPodMetric = {
  autoScaling: {
    metrics: [
      {
        type: 'PodMetric',
        podmetric: {
          metric: { backend: 'opentelemetry', metricNames: ['requests'], query: 'requests' },
          target: { type: 'Value', value: '4' },
        },
      },
    ],
  },
}

export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

export async function conditionsOf(client: Client, name: string): Promise<readonly Condition[]> {
  const service = await client.get(serving.inferenceServices, { namespace: 'default', name })
  return Object(service['status']).conditions ?? []
}

/** Empty where the cluster does not have the kind. */
export async function listed(client: Client, resource: Resource): Promise<readonly KubeObject[]> {
  try {
    return (await client.list(resource, { namespace: 'default' })).items
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return []
    throw error
  }
}

export async function find(client: Client, resource: Resource, name: ObjectName): Promise<KubeObject | undefined> {
  try {
    return await client.get(resource, name)
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return undefined
    throw error
  }
}
