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

function someContainer({ given, list }: ContainersPlace): string {
  return `${given} && ${list}.size() > 0`
}

/** A container without a name gets the server's, by the CRD's default. */
function isServer({ name = containerNames.server }: { readonly name?: string }): boolean {
  return name === containerNames.server
}

/** A predictor serves something, and one thing: a model in one of `forms`, or with a container of its own. */
export function predictorForm(place: ContainersPlace, forms: readonly string[], formatField: string) {
  const set = forms.map((form) => `has(self.${form})`)
  const count = set.length > 1 ? `[${set.join(', ')}].filter(f, f).size()` : `(${set.join()} ? 1 : 0)`
  const formsOf = (predictor: Fields) => forms.filter((form) => predictor[form] !== undefined)
  const some = rule<Fields>({
    name: 'predictor-form',
    cel: `${set.join(' || ')} || (${someContainer(place)})`,
    message: 'has no model server',
    advice: `set "model" with ${formatField} and storageUri, or "${place.field}" with an image of your own`,
    holds: (predictor) => formsOf(predictor).length > 0 || place.of(predictor).length > 0,
  })
  const one = rule<Fields>({
    name: 'predictor-form',
    cel: `${count} + (${place.given} && ${place.list}.exists(c, c.name == '${containerNames.server}') ? 1 : 0) <= 1`,
    message: 'sets more than one model server',
    advice: `keep one of them (a container called ${containerNames.server} is a model server too)`,
    holds: (predictor) => formsOf(predictor).length + (place.of(predictor).some(isServer) ? 1 : 0) <= 1,
    say: (predictor) => {
      const hasServer = place.of(predictor).some(isServer)
      const set = [...formsOf(predictor), ...(hasServer ? [place.field] : [])].join(' and ')
      const why = hasServer ? ` (a container called ${containerNames.server} is a model server too)` : ''
      return `sets ${set}${why}: keep one of them`
    },
  })
  return [some, one] as const
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
