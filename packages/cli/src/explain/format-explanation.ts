import { formatTable } from '../output.ts'
import type { Explanation } from './explanation.ts'

const losers = /^RuntimeRejected/

/** As a person reads it. `showAll`: also why each other runtime was not chosen. */
export function formatExplanation(explanation: Explanation, showAll: boolean): string {
  const decisions = explanation.decisions.filter((decision) => showAll || !losers.test(decision.reason))
  const hidden = explanation.decisions.length - decisions.length
  const parts = [
    `${explanation.kind} ${explanation.name} is ${explanation.ready ? 'ready' : 'not ready'} (${explanation.mode} mode)${explanation.url === undefined ? '' : ` at ${explanation.url}`}`,
  ]
  if (explanation.cause !== undefined) parts.push(`Cause: ${explanation.cause}`)
  if (explanation.lastLines)
    parts.push(`Its last lines\n${explanation.lastLines.map((line) => `  ${line}`).join('\n')}`)
  parts.push(
    block(
      'Decisions',
      ['WHAT', 'FROM', 'WHY'],
      decisions.map((decision) => [decision.reason, decision.source, decision.message]),
    ) + (hidden > 0 ? `\n  (${hidden} other runtimes do not fit; --all says why)` : ''),
    block(
      'Conditions',
      ['TYPE', 'STATUS', 'REASON', 'MESSAGE'],
      explanation.conditions.map(({ type, status, reason, message }) => [
        type,
        status,
        reason ?? '',
        (message ?? '').replaceAll('\n', ' '),
      ]),
    ),
    block(
      'Objects',
      ['KIND', 'NAME'],
      explanation.objects.map(({ kind, name }) => [kind, name]),
    ),
    block(
      'Pods',
      ['NAME', 'STATE'],
      explanation.pods.map(({ name, state }) => [name, state]),
    ),
    clusterBlock(explanation, showAll),
  )
  if (explanation.events.length > 0) {
    parts.push(
      block(
        'Events',
        ['TYPE', 'REASON', 'AGE', 'MESSAGE'],
        explanation.events.slice(-10).map((event) => [event.type, event.reason, event.age, event.message]),
      ),
    )
  }
  return `${parts.join('\n\n')}\n`
}

/** Pieces that are there; with `showAll` also those that are not. */
function clusterBlock({ cluster }: Explanation, showAll: boolean): string {
  const pieces = cluster.filter(({ installed }) => showAll || installed)
  const rows = pieces.map(({ piece, installed, usedFor = 'nothing; it is only reported' }) => [
    piece,
    installed ? 'yes' : 'no',
    usedFor,
  ])
  return block('Installed in the cluster', ['PIECE', 'INSTALLED', 'USED FOR'], rows)
}

function block(title: string, header: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return `${title}: none`
  const table = formatTable(header, rows).trimEnd().split('\n')
  return `${title}\n${table.map((line) => `  ${line}`).join('\n')}`
}
