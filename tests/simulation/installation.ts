import { crds, resources as serving, shippedConfig, shippedRuntimes } from '@millrace/api'
import { configurationName, validatedRules } from '@millrace/controller'
import { type Client, type KubeObject, resources } from '@millrace/kube'

export const controllerNamespace = 'kserve'
export const namespace = 'default'

/** Kinds whose every version is looked at. */
export const observed = [
  serving.inferenceServices,
  serving.inferenceGraphs,
  serving.trainedModels,
  resources.configMaps,
  resources.services,
  resources.deployments,
  resources.horizontalPodAutoscalers,
  resources.podDisruptionBudgets,
  resources.ingresses,
  resources.pods,
  resources.events,
  resources.secrets,
]

/** What stands in every cluster before the first service. */
export async function install(client: Client, variant: 'full' | 'minimal'): Promise<void> {
  const named = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  for (const definition of crds(variant))
    await client.create(resources.customResourceDefinitions, definition as unknown as KubeObject)
  for (const name of [controllerNamespace, 'knative-serving']) await client.create(resources.namespaces, named(name))
  for (const runtime of shippedRuntimes)
    await client.create(serving.clusterServingRuntimes, {
      ...(runtime as unknown as KubeObject),
      apiVersion: 'serving.kserve.io/v1alpha1',
      kind: 'ClusterServingRuntime',
    })
  await client.create(resources.configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: controllerNamespace, name: 'inferenceservice-config' },
    data: shippedConfig,
  } as KubeObject)
  await client.create(resources.validatingWebhookConfigurations, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: configurationName },
    webhooks: [
      {
        name: `validate.${configurationName}`,
        clientConfig: { url: 'https://127.0.0.1/validate' },
        rules: validatedRules,
        failurePolicy: 'Ignore',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  } as KubeObject)
}
