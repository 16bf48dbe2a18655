import { type Client, type Discovery, discover, type Resource, resourcePath } from '@millrace/kube'
import { CommandError } from './command-error.ts'
import { didYouMean } from './did-you-mean.ts'
import type { ResourceArgument } from './resource-arguments.ts'

export interface WantedResource {
  readonly resource: Resource
  readonly name?: string
}

/** Finds each type among what the server serves: plural, singular, kind, short name, `plural.group`, or a category such as `all`. */
export async function resolveTypes(
  client: Client,
  wanted: readonly ResourceArgument[],
): Promise<readonly WantedResource[]> {
  const discovery = await discover(client)
  return wanted.flatMap(({ type, name }) => {
    const named = discovery.named(type)
    const found = named ? [named] : inCategory(discovery, type)
    if (found.length === 0) throw unknownType(type, discovery)
    return found.map((resource) => ({ resource, ...(name === undefined ? {} : { name }) }))
  })
}

/** Each kind once, in the version that the server prefers. */
function inCategory(discovery: Discovery, category: string): readonly Resource[] {
  const found = discovery.resources.filter(({ categories }) => categories.includes(category))
  return [...new Map(found.toReversed().map((one) => [`${one.plural}.${one.group}`, one])).values()].toReversed()
}

function unknownType(type: string, discovery: Discovery): CommandError {
  const known = discovery.resources.flatMap((resource) => [resource.plural, resource.singular, ...resource.shortNames])
  const unknownGroups =
    discovery.unknownGroups.length > 0 ? ` (no answer from ${discovery.unknownGroups.join(', ')})` : ''
  return new CommandError(
    `The server has no resource type "${type}"${unknownGroups}.${didYouMean(type, known)} \`kubectl api-resources\` lists what there is.`,
  )
}

export interface ListTarget {
  readonly namespace?: string
  readonly name?: string
  readonly labelSelector?: string
}

/** The path of one object, of a collection, or of the collection in all namespaces. */
export function listPath(resource: Resource, { namespace, name, labelSelector }: ListTarget): string {
  if (name !== undefined && resource.namespaced && namespace === undefined) {
    throw new CommandError('A name is looked up in one namespace: leave out --all-namespaces')
  }
  return resourcePath(resource, { namespace, name, query: { labelSelector } })
}
