import { stringify } from 'yaml'
import { isList, isSlot, itemText, type Node, type Slot } from './slot.ts'

/** Objects as a Helm template: YAML with `{{ … }}` where its slots are. `$` is the root everywhere. */
export function templateText(objects: readonly Node[]): string {
  return objects.map(documentText).join('')
}

function documentText(node: Node): string {
  if (!isSlot(node)) return `---\n${entryLines(node, 0).join('\n')}\n`
  switch (node.slot) {
    case 'when':
      return `{{- if ${node.test} }}\n${documentText(node.what)}{{- end }}\n`
    case 'each':
      return `{{- range ${node.over} }}\n${documentText(node.item(itemText))}{{- end }}\n`
    case 'scalar':
    case 'block':
      throw new Error('an object is neither a text nor a value')
  }
}

/** Lines of a map's or list's entries, or the one of a scalar. */
function entryLines(node: Exclude<Node, Slot>, indent: number): readonly string[] {
  if (isList(node)) return node.flatMap((item) => itemLines(item, indent))
  if (typeof node === 'object' && node !== null)
    return Object.entries(node).flatMap(([key, value]) => keyLines(key, value, indent))
  return [`${' '.repeat(indent)}${scalarText(node)}`]
}

function keyLines(key: string, node: Node, indent: number): readonly string[] {
  const head = `${' '.repeat(indent)}${scalarText(key)}:`
  if (!isSlot(node)) return plainKeyLines(head, node, indent)
  switch (node.slot) {
    case 'scalar':
      return [`${head} {{ ${node.template} }}`]
    case 'block':
      return [`{{- with ${node.from} }}`, head, blockLine(indent + 2), '{{- end }}']
    case 'when':
      return [`{{- if ${node.test} }}`, ...keyLines(key, node.what, indent), '{{- end }}']
    case 'each':
      throw new Error(`${key}: a list holds what there may be several of`)
  }
}

function plainKeyLines(head: string, node: Exclude<Node, Slot>, indent: number): readonly string[] {
  if (typeof node !== 'object' || node === null) return [`${head} ${scalarText(node)}`]
  const isEmpty = Object.keys(node).length === 0
  if (isEmpty) return [`${head} ${isList(node) ? '[]' : '{}'}`]
  return [head, ...entryLines(node, indent + 2)]
}

function itemLines(node: Node, indent: number): readonly string[] {
  const dash = `${' '.repeat(indent)}- `
  if (!isSlot(node)) {
    const [first = '', ...rest] = entryLines(node, indent + 2)
    return [`${dash}${first.trimStart()}`, ...rest]
  }
  switch (node.slot) {
    case 'scalar':
      return [`${dash}{{ ${node.template} }}`]
    case 'when':
      return [`{{- if ${node.test} }}`, ...itemLines(node.what, indent), '{{- end }}']
    case 'each':
      return [`{{- range ${node.over} }}`, ...itemLines(node.item(itemText), indent), '{{- end }}']
    case 'block':
      throw new Error('a block has a key')
  }
}

function blockLine(indent: number): string {
  return `${' '.repeat(indent)}{{- toYaml . | nindent ${indent} }}`
}

/** Braces of the object's own are no template's. */
function scalarText(value: string | number | boolean | null): string {
  if (typeof value === 'string' && value.includes('{{')) {
    if (value.includes('`')) throw new Error(`${value}: a backquote and braces in one text cannot be written`)
    return `{{ \`${value}\` | quote }}`
  }
  const text = stringify(value, { lineWidth: 0 }).trimEnd()
  return text.includes('\n') ? JSON.stringify(value) : text
}
