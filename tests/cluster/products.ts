import { watchedKinds } from '@millrace/controller'
import { type Client, isKubeError, type Resource, resources } from '@millrace/kube'
import { childKinds } from '@millrace/render'
import { definitionOf } from '@millrace/testkit'

/** What others bring into a cluster, by the kinds of it that matter to services. */
export const products = {
  knative: needing('knative'),
  knativeOperator: watchedKinds().flatMap(({ resource }) => (resource.kind === 'KnativeServing' ? [resource] : [])),
  istio: needing('istio'),
  gatewayApi: needing('gatewayApi'),
  keda: needing('keda'),
  otel: needing('otel'),
} as const satisfies Readonly<Record<string, readonly Resource[]>>

export type Product = keyof typeof products

const pollMs = 25

function needing(capability: string): readonly Resource[] {
  return childKinds.filter(({ needs }) => needs === capability)
}

export async function installProduct(client: Client, product: Product): Promise<void> {
  for (const resource of products[product])
    await client.create(resources.customResourceDefinitions, definitionOf(resource))
}

/** Resolves when its definitions are gone, with every object of theirs. */
export async function removeProduct(client: Client, product: Product): Promise<void> {
  for (const { plural, group } of products[product]) {
    const name = { name: `${plural}.${group}` }
    await client.delete(resources.customResourceDefinitions, name)
    while (await isThere(client, name)) await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

async function isThere(client: Client, name: { readonly name: string }): Promise<boolean> {
  try {
    await client.get(resources.customResourceDefinitions, name, { metadataOnly: true })
    return true
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return false
    throw error
  }
}
