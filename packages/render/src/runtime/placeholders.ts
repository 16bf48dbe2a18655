import type { Container } from '@millrace/api'
import { structure } from '../template/go-expression.ts'
import { expandTemplate } from '../template/go-template.ts'
import type { StringMap } from '../pod/shape.ts'

export interface PlaceholderMeta {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly labels: StringMap
  readonly annotations: StringMap
}

export type Filled =
  | { readonly ok: true; readonly container: Container }
  | { readonly ok: false; readonly error: string }

/** Puts the service's metadata where a runtime's container has `{{.Name}}` and the like, in any of its texts. */
export function fillPlaceholders(container: Container, meta: PlaceholderMeta): Filled {
  const data = structure({
    Name: meta.name,
    Namespace: meta.namespace,
    UID: meta.uid,
    Labels: meta.labels,
    Annotations: meta.annotations,
    GenerateName: '',
  })
  let error: string | undefined
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') {
      const expanded = expandTemplate(value, data)
      if (expanded.ok) return expanded.text
      error ??= `${expanded.error} in "${value}"`
      return value
    }
    if (Array.isArray(value)) return value.map(fill)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item)]))
  }
  const filled = fill(container) as Container
  return error === undefined ? { ok: true, container: filled } : { ok: false, error }
}
