import { parseQuantity } from '../validate/quantity.ts'
import { rule } from './schema.ts'

const namePattern = '^[a-zA-Z0-9_-]+$'

export const modelPathName = rule<{ readonly metadata: { readonly name?: string } }>({
  name: 'name',
  cel: `self.metadata.name.matches('${namePattern}')`,
  message: "metadata.name cannot be part of a model's path",
  advice: 'use letters, digits, "_" and "-"',
  field: 'metadata.name',
  holds: ({ metadata: { name } }) => name === undefined || new RegExp(namePattern).test(name),
  say: ({ metadata: { name } }) =>
    `${JSON.stringify(name)} cannot be part of a model's path: use letters, digits, "_" and "-"`,
})

/** What the agent of a multi-model server fetches. */
const prefixes: readonly string[] = ['s3://', 'gs://', 'https://', 'http://']

export const agentScheme = rule<string>({
  name: 'storage-scheme',
  cel: `[${prefixes.map((prefix) => `'${prefix}'`).join(', ')}].exists(p, self.startsWith(p))`,
  message: `must begin with one of ${prefixes.join(', ')}, which a multi-model server fetches`,
  holds: (uri) => prefixes.some((prefix) => uri.startsWith(prefix)),
})

export const sameMemory = rule<string | number>({
  name: 'immutable',
  cel: 'quantity(string(self)).compareTo(quantity(string(oldSelf))) == 0',
  message: 'cannot be changed',
  advice: 'make the model anew',
  isChange: true,
  holds: (self, old) => parseQuantity(self) === parseQuantity(old),
})
