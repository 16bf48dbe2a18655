import { setTimeout as sleep } from 'node:timers/promises'
import { resources as serving } from '@millrace/api'
import { type Client, isKubeError, type KubeObject, type Resource, resources } from '@millrace/kube'
import { definitionOf } from '@millrace/testkit'

export type Mode = 'Standard' | 'Knative'

export const benchNamespace = 'bench'

const knativeServices: Resource = {
  group: 'serving.knative.dev',
  version: 'v1',
  plural: 'services',
  kind: 'Service',
  namespaced: true,
}

/** What every service of a mode has as soon as it has been looked at, by KServe's controller as by ours. */
export const childrenOf: Readonly<Record<Mode, readonly Resource[]>> = {
  Standard: [resources.deployments, resources.services, resources.horizontalPodAutoscalers],
  Knative: [knativeServices],
}

/** The server's default for who says nothing. */
const asUsersDo = { fieldValidation: 'Warn' } as const
const inFlight = 16
const lookEveryMs = 100

export async function createServices(client: Client, mode: Mode, count: number): Promise<void> {
  await createMany(count, (index) =>
    client.create(serving.inferenceServices, service(mode, `bench-${index}`), asUsersDo),
  )
}

/** Creates a second of the smallest thing there is, a measure of the machine and its API server. */
export async function plainCreatesPerSecond(client: Client, count: number): Promise<number> {
  const startedMs = performance.now()
  await createMany(count, (index) => client.create(resources.configMaps, configMap(`plain-${index}`)))
  return count / ((performance.now() - startedMs) / 1000)
}

/** Resolves when each service has all of its children. */
export async function untilAllChildren(client: Client, mode: Mode, services: number, signal: AbortSignal) {
  for (const resource of childrenOf[mode]) {
    while ((await countOf(client, resource)) < services) await sleep(lookEveryMs, undefined, { signal })
  }
}

/** Asks for one of them and how many remain: next to nothing for the server. */
async function countOf(client: Client, resource: Resource): Promise<number> {
  const { items, metadata } = await client.list(resource, { namespace: benchNamespace, limit: 1, metadataOnly: true })
  return items.length + (metadata.remainingItemCount ?? 0)
}

async function createMany(count: number, create: (index: number) => Promise<unknown>): Promise<void> {
  let made = 0
  const worker = async (): Promise<void> => {
    while (made < count) await create(made++)
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
}

function service(mode: Mode, name: string): KubeObject & { readonly spec: object } {
  return {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { namespace: benchNamespace, name, annotations: { 'serving.kserve.io/deploymentMode': mode } },
    spec: {
      predictor: {
        model: { modelFormat: { name: 'sklearn' }, storageUri: 'gs://kfserving-examples/models/sklearn/1.0/model' },
      },
    },
  }
}

function configMap(name: string): KubeObject & { readonly data: object } {
  const metadata = { namespace: benchNamespace, name }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { text: 'x'.repeat(1000) } }
}

/** Knative Serving as far as a controller that writes its Services can see it. */
export async function installKnativeStandIn(client: Client): Promise<void> {
  await client.create(resources.customResourceDefinitions, definitionOf(knativeServices))
  for (;;) {
    try {
      await client.list(knativeServices, { namespace: benchNamespace })
      return
    } catch (error) {
      if (!isKubeError(error, 'NotFound')) throw error
      await sleep(lookEveryMs)
    }
  }
}
