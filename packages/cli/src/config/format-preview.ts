import { counted } from '../counted.ts'
import { formatTable } from '../output.ts'
import type { ConfigPreview, ServiceEffect } from './preview.ts'
import type { ChangedField } from './changed-fields.ts'

const textMax = 60

/** As a person reads it: the settings, then each service with the fields that change. */
export function formatConfigPreview(preview: ConfigPreview): string {
  const { settings, services } = preview
  const parts = [
    block(
      'Settings',
      ['KEY', 'NOW', 'THEN'],
      settings.map(({ path, from, to }) => [path, short(from), short(to)]),
    ),
    block('Services', ['SERVICE', 'OUTCOME', 'OBJECT', 'FIELD', 'NOW', 'THEN'], services.flatMap(rowsOf)),
  ]
  return `${parts.join('\n\n')}\n`
}

/** One sentence for what follows from it. */
export function summaryOf({ services, unchanged, atOnce }: ConfigPreview): string {
  const of = (outcome: ServiceEffect['outcome']) => services.filter((service) => service.outcome === outcome).length
  const rolls = of('rolls')
  const waves = atOnce > 0 && rolls > atOnce ? `, ${atOnce} at a time` : ''
  const parts = [
    rolls > 0 ? `${counted(rolls, 'service')} would replace ${rolls === 1 ? 'its' : 'their'} pods${waves}` : '',
    of('changes') > 0 ? `${counted(of('changes'), 'service')} would change without` : '',
    of('mended') > 0 ? `${counted(of('mended'), 'service')} could be rendered again` : '',
    of('refused') > 0 ? `${counted(of('refused'), 'service')} could not be rendered any longer` : '',
    `${counted(unchanged, 'service')} would stay as ${unchanged === 1 ? 'it is' : 'they are'}`,
  ]
  return `${parts.filter(Boolean).join('; ')}.`
}

function rowsOf({ service, outcome, why, objects }: ServiceEffect): readonly (readonly string[])[] {
  if (objects.length === 0) return [[service, outcome, '', why ?? '']]
  const rows = objects.flatMap(({ object, change, rolls, fields }) =>
    fields.length === 0 ? [[object, change]] : fields.map((field) => fieldRow(object, field, rolls)),
  )
  return rows.map((row, index) => [...(index === 0 ? [service, outcome] : ['', '']), ...row])
}

function fieldRow(object: string, { path, from, to }: ChangedField, rolls: boolean): readonly string[] {
  const isPods = rolls && path.startsWith('spec.template')
  return [object, isPods ? `${path} (pods)` : path, short(from), short(to)]
}

function block(title: string, header: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return `${title}: none would change`
  const table = formatTable(header, rows).trimEnd().split('\n')
  return `${title}\n${table.map((line) => `  ${line}`).join('\n')}`
}

function short(value: unknown): string {
  if (value === undefined || value === '') return value === '' ? '(empty)' : '(absent)'
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return text.length > textMax ? `${text.slice(0, textMax - 1)}…` : text
}
