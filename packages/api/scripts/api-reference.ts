import { group, type KindSource, objectSchema, type VersionSource } from '../src/kinds/kind-source.ts'
import { kinds } from '../src/kinds/kinds.ts'
import type { SchemaData } from '../src/schema/schema.ts'

const intro = `# API reference

Made from the kinds in \`packages/api\` by \`npm run update\`. Types that Kubernetes has itself are named and not repeated
(\`kubectl explain pod.spec\` shows them). A field in bold must be there. Defaults are applied when an object is read, never
written into it. What a mode does not honour stands in [fields-by-mode.md](fields-by-mode.md), rules in
[api-differences.md](api-differences.md) where they differ from KServe's.
`

/** docs/api-reference.md */
export function apiReference(): string {
  const contents = kinds.flatMap((kind) =>
    kind.versions.map((version) => {
      const title = titleOf(kind, version)
      return `- [${title}](#${anchorOf(title)}): ${kind.description}`
    }),
  )
  const sections = kinds.flatMap((kind) => kind.versions.map((version) => versionText(kind, version)))
  return `${[intro, ...contents, '', ...sections].join('\n')}`
}

function titleOf(kind: KindSource, version: VersionSource): string {
  return `${kind.kind} ${version.name}`
}

function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
}

function versionText(kind: KindSource, version: VersionSource): string {
  const title = titleOf(kind, version)
  const names = [kind.plural, ...kind.shortNames].map((name) => `\`${name}\``).join(', ')
  const state = version.isPreview
    ? ' A preview: served where it is asked for, converted from and to the stored version without loss.'
    : ''
  const facts = `\`apiVersion: ${group}/${version.name}\`, ${kind.namespaced ? 'in a namespace' : 'for the whole cluster'}; for kubectl ${names}. Installed with the group \`${kind.installGroup}\`.${state}`
  const twin = kinds.slice(0, kinds.indexOf(kind)).find(({ versions }) => versions.includes(version))
  if (twin) {
    const same = titleOf(twin, version)
    return [
      `## ${title}`,
      '',
      `${kind.description} ${facts}`,
      '',
      `Its fields are those of [${same}](#${anchorOf(same)}).`,
      '',
    ].join('\n')
  }
  const schema = objectSchema(kind, version)
  const rules = rulesText(schema)
  const tables = objectTables(title, version)
  return [`## ${title}`, '', `${kind.description} ${facts}`, '', ...(rules ? [rules, ''] : []), ...tables].join('\n')
}

/** One table for each object of ours in a version. */
function objectTables(title: string, version: VersionSource): readonly string[] {
  const places: Place[] = Object.entries(version.fields).map(([name, field]) => ({ path: name, schema: field }))
  const known = new Map<SchemaData, string>()
  const tables: string[] = []
  // Breadth first, so that what several share is shown where it stands highest.
  for (let place = places.shift(); place !== undefined; place = places.shift()) {
    const { path, schema: at } = place
    const properties = at.properties
    if (!properties) continue
    known.set(keyOf(at), path)
    const own = Object.entries(properties).filter(([, field]) => !isKubernetes(field))
    const rows = own.map(([name, field]) => {
      const target = objectIn(field)
      const innerPath = `${path}.${name}${suffixOf(field)}`
      const seen =
        target && (known.get(keyOf(target)) ?? places.find((other) => keyOf(other.schema) === keyOf(target))?.path)
      if (target && seen === undefined) places.push({ path: innerPath, schema: target })
      return fieldRow(name, field, at, seen !== undefined && seen !== innerPath ? seen : undefined)
    })
    tables.push(objectText(`${title}: \`${path}\``, at, rows))
  }
  return tables
}

function objectText(heading: string, schema: SchemaData, rows: readonly string[]): string {
  const foreign = Object.entries(schema.properties ?? {})
    .filter(([, field]) => isKubernetes(field))
    .map(([name]) => name)
  return [
    `#### ${heading}`,
    '',
    ...(schema.description ? [schema.description, ''] : []),
    ...ruleLines(schema),
    ...(rows.length > 0 ? ['| field | type | default | description |', '|---|---|---|---|', ...rows, ''] : []),
    ...(foreign.length > 0 ? [foreignText(foreign), ''] : []),
  ].join('\n')
}

interface Place {
  readonly path: string
  readonly schema: SchemaData
}

/** Two objects with the same fields are one, whatever is said about them. */
function keyOf({ properties }: SchemaData): SchemaData {
  return (properties ?? {}) as SchemaData
}

function isKubernetes(schema: SchemaData): boolean {
  return schema.foreign === true && !schema.description
}

function objectIn(schema: SchemaData): SchemaData | undefined {
  if (schema.foreign || schema.$ref) return undefined
  if (schema.properties) return Object.keys(schema.properties).length > 0 ? schema : undefined
  const inner = schema.items ?? schema.values
  return inner ? objectIn(inner) : undefined
}

function suffixOf(schema: SchemaData): string {
  if (schema.items) return `[]${suffixOf(schema.items)}`
  if (schema.values) return `.*${suffixOf(schema.values)}`
  return ''
}

function foreignText(names: readonly string[]): string {
  return `And as in Kubernetes: ${names.map((name) => `\`${name}\``).join(', ')}.`
}

function fieldRow(name: string, schema: SchemaData, owner: SchemaData, seen: string | undefined): string {
  const isRequired = owner.required?.includes(name) === true
  const label = isRequired ? `**\`${name}\`**` : `\`${name}\``
  const cells = [label, typeOf(schema), defaultOf(schema), descriptionOf(schema, seen)]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function typeOf(schema: SchemaData): string {
  if (schema.$ref) return `${schema.$ref} of Kubernetes`
  if (schema.quantity) return 'quantity'
  if (schema.intOrString) return 'integer or string'
  if (schema.items) return `list of ${plural(typeOf(schema.items))}`
  if (schema.values) return `map of ${plural(typeOf(schema.values))}`
  if (schema.format === 'date-time') return 'time'
  if (schema.type === 'integer' && schema.format) return schema.format
  return schema.type ?? 'anything'
}

function plural(type: string): string {
  return type.endsWith('of Kubernetes') || type === 'anything' ? type : `${type}s`.replace('ys', 'ies')
}

function defaultOf(schema: SchemaData): string {
  return schema.default === undefined ? '' : `\`${String(schema.default)}\``
}

function descriptionOf(schema: SchemaData, seen: string | undefined): string {
  const parts = [
    schema.description ?? '',
    schema.enum ? `One of ${schema.enum.map((value) => `\`${value}\``).join(', ')}.` : '',
    boundsOf(schema),
    schema.pattern ? `It ${schema.patternMeans ?? `must match \`${schema.pattern}\``}.` : '',
    // Those of an object stand with its fields.
    ...(objectIn(schema) && !schema.items ? [] : (schema.rules ?? [])).map(
      ({ name, message }) => `Rule \`${name}\`: ${message}.`,
    ),
    seen === undefined ? '' : `Its fields are those of \`${seen}\`.`,
  ]
  return parts.filter(Boolean).join(' ')
}

function boundsOf({ minimum, maximum, minItems, maxLength, minLength, minProperties }: SchemaData): string {
  const bounds = [
    minimum === undefined ? '' : `at least ${minimum}`,
    maximum === undefined ? '' : `at most ${maximum}`,
    minItems === undefined ? '' : `at least ${minItems} item${minItems === 1 ? '' : 's'}`,
    minLength ? 'not empty' : '',
    maxLength === undefined ? '' : `at most ${maxLength} characters`,
    minProperties === undefined ? '' : 'not empty',
  ].filter(Boolean)
  return bounds.length === 0 ? '' : `${bounds.join(', ').replace(/^./, (first) => first.toUpperCase())}.`
}

function ruleLines(schema: SchemaData): readonly string[] {
  const text = rulesText(schema)
  return text ? [text, ''] : []
}

function rulesText({ rules = [] }: SchemaData): string {
  if (rules.length === 0) return ''
  const lines = rules.map(({ name, message, field }) => {
    const about = field === undefined || message.startsWith(field) ? '' : `\`${field}\` `
    return `- \`${name}\`: ${about}${message}.`
  })
  return ['Rules:', '', ...lines].join('\n')
}
