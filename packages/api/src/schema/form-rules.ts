import { containerNames } from '../wire-keys.ts'
import { rule } from './schema.ts'

/** Rules about which of several forms something is written in. */

type Containers = readonly { readonly name?: string }[]
type Fields = Readonly<Record<string, unknown>>

/** Where a component has its containers: beside its own fields (v1beta1), or in a pod template (v1). */
interface ContainersPlace {
  readonly given: string
  readonly list: string
  readonly field: string
  readonly of: (component: Fields) => Containers
}

interface InlinePod {
  readonly containers?: Containers
}
interface TemplatedPod {
  readonly template?: { readonly spec?: InlinePod }
}

export const inlinePod: ContainersPlace = {
  given: 'has(self.containers)',
  list: 'self.containers',
  field: 'containers',
  of: (component) => (component as InlinePod).containers ?? [],
}

export const templatedPod: ContainersPlace = {
  given: 'has(self.template) && has(self.template.spec) && has(self.template.spec.containers)',
  list: 'self.template.spec.containers',
  field: 'template.spec.containers',
  of: (component) => (component as TemplatedPod).template?.spec?.containers ?? [],
}

function someContainer({ field }: ContainersPlace): string {
  return `self.?${field.replaceAll('.', '.?')}.orValue([]).size() > 0`
}

/** A container without a name gets the server's, by the CRD's default. */
function isServer({ name = containerNames.server }: { readonly name?: string }): boolean {
  return name === containerNames.server
}

/**
 * A predictor serves something, and one thing: a model in one of `forms`, or with a container of its own.
 *
 * The CEL goes once through the fields that are given, as through a map's keys (`dyn`): they are fewer than the forms, and
 * each `has` of a form that is absent would cost as much as one of them.
 */
export function predictorForm(place: ContainersPlace, forms: readonly string[], formatField: string) {
  const [pods = ''] = place.field.split('.')
  const fields = [...forms, pods].map((field) => `'${field}'`).join(', ')
  const hasServer = `${place.given} && ${place.list}.exists(c, c.name == '${containerNames.server}')`
  const withPods = `set.size() == 1 ? ${someContainer(place)} : set.size() == 2 && !(${hasServer})`
  const oneServer = `'${pods}' in set ? (${withPods}) : set.size() == 1`
  const advice = `set "model" with ${formatField} and storageUri, or "${place.field}" with an image of your own`
  const serversOf = (predictor: Fields) => [
    ...forms.filter((form) => predictor[form] !== undefined),
    ...(place.of(predictor).some(isServer) ? [place.field] : []),
  ]
  return rule<Fields>({
    name: 'predictor-form',
    cel: `[dyn(self)].all(given, [given.filter(f, f in [${fields}])].all(set, ${oneServer}))`,
    message: 'must have one model server',
    advice: `${advice}, and no second one (a container called ${containerNames.server} is one too)`,
    holds: (predictor) => {
      const servers = serversOf(predictor).length
      return servers === 1 || (servers === 0 && place.of(predictor).length > 0)
    },
    say: (predictor) => {
      const servers = serversOf(predictor)
      if (servers.length === 0) return `has no model server: ${advice}`
      const isInPods = servers.includes(place.field)
      const why = isInPods ? ` (a container called ${containerNames.server} is a model server too)` : ''
      return `sets ${servers.join(' and ')}${why}: keep one of them`
    },
  })
}

export function transformerForm(place: ContainersPlace) {
  return rule<Fields>({
    name: 'transformer-form',
    cel: someContainer(place),
    message: 'has no container',
    advice: `set "${place.field}" with the image of your transformer`,
    holds: (transformer) => place.of(transformer).length > 0,
  })
}

export function explainerForm(place: ContainersPlace) {
  return rule<Fields>({
    name: 'explainer-form',
    cel: `has(self.art) != (${someContainer(place)})`,
    message: `must set one of "art" and "${place.field}"`,
    advice: 'set the one you mean, and not the other',
    holds: (explainer) => (explainer['art'] !== undefined) !== place.of(explainer).length > 0,
    say: (explainer) =>
      explainer['art'] === undefined
        ? `has no explainer: set "art", or "${place.field}" with the image of your own`
        : `sets art and ${place.field}: keep one of them`,
  })
}

const hostNamePattern = '^[a-z]([-a-z0-9]*[a-z0-9])?$'

interface Named {
  readonly metadata: { readonly name?: string }
}

/** What is made of the name begins a host name. */
export const hostName = rule<Named>({
  name: 'name',
  cel: `self.metadata.name.matches('${hostNamePattern}')`,
  message: 'metadata.name cannot begin a host name',
  advice: 'use lower-case letters, digits and "-", begin with a letter and end with a letter or digit',
  field: 'metadata.name',
  holds: ({ metadata: { name } }) => name === undefined || new RegExp(hostNamePattern).test(name),
  say: ({ metadata: { name } }) =>
    `${JSON.stringify(name)} cannot begin a host name: use lower-case letters, digits and "-", begin with a letter and end with a letter or digit`,
})

/** A text that stays as it was made. */
export function unchanged(advice: string) {
  return rule<string>({
    name: 'immutable',
    cel: 'self == oldSelf',
    message: 'cannot be changed',
    advice,
    holds: (self, old) => self === old,
    isChange: true,
  })
}
