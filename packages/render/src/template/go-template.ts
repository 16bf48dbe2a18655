/**
 * The part of Go's text/template that names, paths and runtime placeholders need: fields, literals, pipelines, the
 * functions below, `if`, `with`, `range`. A template is text that users and administrators wrote, so a bad one is a
 * value, not an exception. Source: https://pkg.go.dev/text/template
 */
import { evaluatePipeline, isTruthy, type Scope, TemplateError, textOf } from './go-expression.ts'

export type Expanded = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly error: string }

type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly source: string }
  | {
      readonly kind: 'block'
      readonly verb: string
      readonly source: string
      readonly body: Node[]
      readonly otherwise: Node[]
    }

interface Frame {
  readonly verb: string
  readonly source: string
  readonly body: Node[]
  readonly otherwise: Node[]
  inElse: boolean
  /** `else if` opens a frame inside the one above; one `end` closes both. */
  readonly isChained: boolean
}

const blockVerbs = new Set(['if', 'with', 'range'])
const actionsMax = 1000

/** Expands `template` with `data` as dot. A map's missing key is the empty text, a missing field is an error, as in Go with maps of texts. */
export function expandTemplate(template: string, data: Scope): Expanded {
  if (!template.includes('{{')) return { ok: true, text: template }
  try {
    return { ok: true, text: run(parse(template), data) }
  } catch (error) {
    if (error instanceof TemplateError) return { ok: false, error: error.message }
    throw error
  }
}

function parse(template: string): Node[] {
  const root: Node[] = []
  const frames: Frame[] = []
  const nodes = () => {
    const frame = frames.at(-1)
    if (!frame) return root
    return frame.inElse ? frame.otherwise : frame.body
  }
  const pieces = split(template)
  if (pieces.length > actionsMax) throw new TemplateError(`the template has more than ${actionsMax} parts`)
  for (const piece of pieces) {
    if (piece.kind === 'text') nodes().push(piece)
    else place(piece.source, frames, nodes)
  }
  const open = frames.at(-1)
  if (open) throw new TemplateError(`{{${open.verb}}} has no {{end}}`)
  return root
}

function place(source: string, frames: Frame[], nodes: () => Node[]): void {
  const [verb = '', ...rest] = source.split(/\s+/)
  const argument = rest.join(' ')
  if (source.startsWith('/*')) return
  if (blockVerbs.has(verb)) {
    frames.push({ verb, source: argument, body: [], otherwise: [], inElse: false, isChained: false })
    return
  }
  if (verb === 'else') {
    const frame = frames.at(-1)
    if (!frame || frame.inElse) throw new TemplateError('{{else}} without {{if}}')
    frame.inElse = true
    if (rest.length === 0) return
    const [chained = '', ...condition] = rest
    frames.push({ verb: chained, source: condition.join(' '), body: [], otherwise: [], inElse: false, isChained: true })
    return
  }
  if (verb === 'end') {
    closeFrame(frames, nodes)
    return
  }
  nodes().push({ kind: 'action', source })
}

function closeFrame(frames: Frame[], nodes: () => Node[]): void {
  for (;;) {
    const frame = frames.pop()
    if (!frame) throw new TemplateError('{{end}} without {{if}}')
    nodes().push({
      kind: 'block',
      verb: frame.verb,
      source: frame.source,
      body: frame.body,
      otherwise: frame.otherwise,
    })
    if (!frame.isChained) return
  }
}

function split(template: string): ({ kind: 'text'; text: string } | { kind: 'action'; source: string })[] {
  const pieces: ({ kind: 'text'; text: string } | { kind: 'action'; source: string })[] = []
  let rest = template
  for (;;) {
    const start = rest.indexOf('{{')
    if (start < 0) break
    const end = rest.indexOf('}}', start)
    if (end < 0) throw new TemplateError('{{ without }}')
    let before = rest.slice(0, start)
    let action = rest.slice(start + 2, end)
    rest = rest.slice(end + 2)
    if (/^-\s/.test(action)) {
      before = before.trimEnd()
      action = action.slice(1)
    }
    if (/\s-$/.test(action)) {
      rest = rest.trimStart()
      action = action.slice(0, -1)
    }
    pieces.push({ kind: 'text', text: before }, { kind: 'action', source: action.trim() })
  }
  pieces.push({ kind: 'text', text: rest })
  return pieces
}

function run(nodes: readonly Node[], dot: unknown): string {
  let text = ''
  for (const node of nodes) {
    if (node.kind === 'text') text += node.text
    else if (node.kind === 'action') text += textOf(evaluatePipeline(node.source, dot))
    else text += runBlock(node, dot)
  }
  return text
}

function runBlock(block: Extract<Node, { kind: 'block' }>, dot: unknown): string {
  const value = evaluatePipeline(block.source, dot)
  if (!isTruthy(value)) return run(block.otherwise, dot)
  if (block.verb === 'if') return run(block.body, dot)
  if (block.verb === 'with') return run(block.body, value)
  const items = Array.isArray(value) ? value : Object.values(Object(value))
  return items.map((item) => run(block.body, item)).join('')
}
