import type { Compact } from './compact-definitions.ts'

/** TypeScript interfaces for compact definitions; fields are readonly, unknown shapes stay `unknown`. */
export function emitObjectTypes(definitions: Readonly<Record<string, Compact>>): string {
  const parts = Object.entries(definitions).map(([name, schema]) => declaration(name, schema))
  const index = Object.keys(definitions).map((name) => `  readonly ${name}: ${name}`)
  return [
    "/** Generated from Kubernetes' OpenAPI by scripts/generate-kubernetes.ts: change that, not this. */",
    ...parts,
    `/** Every definition by its name. */\nexport interface KubernetesObjects {\n${index.join('\n')}\n}`,
    '',
  ].join('\n\n')
}

function declaration(name: string, schema: Compact): string {
  const properties = schema['properties'] as Record<string, Compact> | undefined
  if (!properties) return `export type ${name} = ${typeOf(schema)}`
  const required = new Set((schema['required'] as string[] | undefined) ?? [])
  const fields = Object.entries(properties).map(
    ([field, value]) => `  readonly ${field}${required.has(field) ? '' : '?'}: ${typeOf(value)}`,
  )
  return `export interface ${name} {\n${fields.join('\n')}\n}`
}

function typeOf(schema: Compact): string {
  if (schema['$ref']) return String(schema['$ref'])
  if (schema['quantity'] || schema['intOrString']) return 'string | number'
  if (schema['items']) return `readonly ${arrayItem(typeOf(schema['items'] as Compact))}[]`
  if (schema['values']) return `Readonly<Record<string, ${typeOf(schema['values'] as Compact)}>>`
  switch (schema['type']) {
    case 'integer':
    case 'number':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'string':
      return 'string'
    default:
      return 'Readonly<Record<string, unknown>>'
  }
}

function arrayItem(text: string): string {
  return /[ |]/.test(text) ? `(${text})` : text
}
