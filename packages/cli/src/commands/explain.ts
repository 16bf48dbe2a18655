import { resources as serving } from '@millrace/api'
import { type Client, type KubeObject, resources } from '@millrace/kube'
import { type Decision, render, type RenderResult } from '@millrace/render'
import type { Command } from 'commander'
import { clientOptions, type ConnectionOptions, withClient } from '../connection.ts'
import { readRenderInput } from '../live-world.ts'
import { formatTable, formatValue, type OutputFormat, parseOutputFormat } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { type EventLine, eventsOf } from './describe.ts'

interface ExplainOptions extends ConnectionOptions {
  readonly output: OutputFormat
  readonly all?: boolean
}

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

interface ServiceStatus {
  readonly url?: string
  readonly observedGeneration?: number
  readonly conditions?: readonly Condition[]
  readonly modelStatus?: {
    readonly transitionStatus?: string
    readonly lastFailureInfo?: { readonly reason?: string; readonly message?: string }
  }
}

interface Explanation {
  readonly service: string
  readonly ready: boolean
  /** One sentence; absent when the service is ready. */
  readonly cause?: string
  /** The last lines that the failing container wrote. */
  readonly lastLines?: readonly string[]
  readonly url?: string
  readonly mode: string
  readonly conditions: readonly Condition[]
  readonly decisions: readonly Decision[]
  readonly objects: readonly { readonly kind: string; readonly name: string }[]
  readonly pods: readonly { readonly name: string; readonly state: string }[]
  readonly events: readonly EventLine[]
}

export function defineExplain(program: Command, terminal: Terminal): void {
  clientOptions(program.command('explain'))
    .description(
      'Say why an InferenceService is as it is: decisions, conditions, and the one cause when it is not ready.',
    )
    .argument('<name>', 'the InferenceService')
    .option('-a, --all', 'also why each other runtime was not chosen')
    .option('-o, --output <format>', 'table, json or yaml', parseOutputFormat, 'table')
    .addHelpText('after', '\nExamples:\n  millrace explain sklearn-iris\n  millrace explain sklearn-iris --all -o yaml')
    .action((name: string, options: ExplainOptions) =>
      withClient(options, terminal, async (client, namespace) => {
        const service = await client.get(serving.inferenceServices, {
          namespace,
          name: name.replace(/^(isvc|inferenceservices?)\//, ''),
        })
        const explanation = await explain(client, service)
        if (options.output !== 'table') terminal.out(formatValue(explanation, options.output))
        else terminal.out(formatExplanation(explanation, options.all === true))
      }),
    )
}

async function explain(client: Client, service: KubeObject): Promise<Explanation> {
  const { namespace = '', name = '' } = service.metadata
  const labelSelector = `${serviceLabel}=${name}`
  const [input, pods, events] = await Promise.all([
    readRenderInput(client, service),
    client.list(resources.pods, { namespace, labelSelector }),
    eventsOf(client, service),
  ])
  const result = render(input)
  // Written by the controller and checked by the CRD's schema.
  const status = (service.status ?? {}) as ServiceStatus
  const isSeen = status.observedGeneration === service.metadata.generation
  const ready =
    isSeen && status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true
  return {
    service: `${namespace}/${name}`,
    ready,
    ...(ready ? {} : { cause: causeOf(status, result, isSeen), ...lastLinesOf(status) }),
    ...(status.url === undefined ? {} : { url: status.url }),
    mode: result.facts.mode,
    conditions: status.conditions ?? [],
    decisions: result.decisions,
    objects: result.ok ? result.objects.map((object) => ({ kind: object.kind, name: object.metadata.name ?? '' })) : [],
    pods: pods.items.map((pod) => ({ name: pod.metadata.name ?? '', state: podState(pod) })),
    events,
  }
}

const serviceLabel = 'serving.kserve.io/inferenceservice'

/** The cause nearest to the root: what cannot be rendered, then why the model does not load, then the first part that is False. */
function causeOf(status: ServiceStatus, result: RenderResult, isSeen: boolean): string {
  if (!result.ok) return `${result.problem.reason}: ${result.problem.message}`
  if (!isSeen)
    return 'The controller has not seen this version of the service yet. Is it running, and can it reach this API server?'
  const failure = status.modelStatus?.lastFailureInfo
  if (failure?.message && status.modelStatus?.transitionStatus !== 'UpToDate')
    return `${failure.reason ?? 'ModelLoadFailed'}: ${failure.message.trimEnd().split('\n').at(-1)}`
  const conditions = status.conditions ?? []
  const failed = conditions.filter((condition) => condition.status === 'False' && condition.message)
  const cause =
    failed.find((condition) => condition.type !== 'Ready' && !followers.has(condition.type)) ??
    failed.find((condition) => condition.type !== 'Ready') ??
    conditions.find((condition) => condition.type === 'Ready')
  return cause ? `${cause.type}: ${[cause.reason, cause.message].filter(Boolean).join(': ')}` : 'It has no status yet.'
}

function lastLinesOf(status: ServiceStatus): { readonly lastLines?: readonly string[] } {
  const said = status.modelStatus?.lastFailureInfo?.message?.trimEnd().split('\n') ?? []
  return said.length > 1 ? { lastLines: said } : {}
}

/** Conditions that wait for a component: never the root of the trouble while a component is False. */
const followers = new Set(['IngressReady', 'LatestDeploymentReady'])

function podState(pod: KubeObject): string {
  const status = pod.status as
    | {
        readonly phase?: string
        readonly containerStatuses?: readonly ContainerStatus[]
        readonly initContainerStatuses?: readonly ContainerStatus[]
      }
    | undefined
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  const waiting = containers.find(
    (container) => container.state?.waiting?.message ?? container.state?.waiting?.reason === 'CrashLoopBackOff',
  )
  const detail = waiting?.state?.waiting
  const restarts = containers.reduce((sum, container) => sum + (container.restartCount ?? 0), 0)
  return [
    status?.phase ?? 'Pending',
    detail ? `${waiting?.name}: ${[detail.reason, detail.message].filter(Boolean).join(': ')}` : '',
    restarts > 0 ? `${restarts} restarts` : '',
  ]
    .filter(Boolean)
    .join(', ')
}

interface ContainerStatus {
  readonly name: string
  readonly restartCount?: number
  readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } }
}

const losers = /^RuntimeRejected/

export function formatExplanation(explanation: Explanation, showAll: boolean): string {
  const decisions = explanation.decisions.filter((decision) => showAll || !losers.test(decision.reason))
  const hidden = explanation.decisions.length - decisions.length
  const parts = [
    `InferenceService ${explanation.service} is ${explanation.ready ? 'ready' : 'not ready'} (${explanation.mode} mode)${explanation.url === undefined ? '' : ` at ${explanation.url}`}`,
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

function block(title: string, header: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return `${title}: none`
  const table = formatTable(header, rows).trimEnd().split('\n')
  return `${title}\n${table.map((line) => `  ${line}`).join('\n')}`
}
