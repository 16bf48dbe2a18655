import { resources as serving } from '@millrace/api'
import type { Client, KubeObject } from '@millrace/kube'
import { CommandError } from './command-error.ts'
import type { Progress } from './progress.ts'
import { waitFor } from './wait.ts'

export interface ReadyOptions {
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly progress: Progress
}

interface Status {
  readonly observedGeneration?: number
  readonly conditions?: readonly {
    readonly type: string
    readonly status: string
    readonly reason?: string
    readonly message?: string
  }[]
}

/** Waits until each service is Ready for its own generation. When time is up, says why the others aren't. */
export async function waitUntilReady(
  client: Client,
  services: readonly KubeObject[],
  options: ReadyOptions,
): Promise<readonly KubeObject[]> {
  const waiting = new Map(
    services.map((service) => [`${service.metadata.namespace}/${service.metadata.name}`, service]),
  )
  const ready: KubeObject[] = []
  const look = async (): Promise<true | undefined> => {
    const { items } = await client.list(serving.inferenceServices)
    for (const live of items) {
      const key = `${live.metadata.namespace}/${live.metadata.name}`
      if (!waiting.has(key) || !isReady(live)) continue
      waiting.delete(key)
      ready.push(live)
    }
    for (const key of waiting.keys()) {
      const live = items.find((item) => `${item.metadata.namespace}/${item.metadata.name}` === key)
      if (live) waiting.set(key, live)
    }
    options.progress.detail(
      `${ready.length} of ${services.length} ready; ${[...waiting.values()].slice(0, 3).map(describe).join('; ')}`,
    )
    return waiting.size === 0 ? true : undefined
  }
  try {
    await waitFor(look, { ...options, what: 'not every InferenceService became ready' })
  } catch (error) {
    if (!(error instanceof CommandError) || waiting.size === 0 || options.signal.aborted) throw error
    const reasons = [...waiting.values()].map((service) => `  ${service.metadata.namespace}/${describe(service)}`)
    throw new CommandError(`${error.message}\n${reasons.join('\n')}\n\`millrace explain NAME\` tells more.`)
  }
  const order = services.map((service) => service.metadata.uid)
  return ready.sort((left, right) => order.indexOf(left.metadata.uid) - order.indexOf(right.metadata.uid))
}

export function readyCondition(service: KubeObject): NonNullable<Status['conditions']>[number] | undefined {
  // The status is the controller's own writing, checked by the CRD's schema.
  return (service.status as Status | undefined)?.conditions?.find((condition) => condition.type === 'Ready')
}

function isReady(service: KubeObject): boolean {
  const status = service.status as Status | undefined
  return readyCondition(service)?.status === 'True' && status?.observedGeneration === service.metadata.generation
}

function describe(service: KubeObject): string {
  const condition = readyCondition(service)
  const why = condition?.message ?? condition?.reason ?? 'no status yet'
  return `${service.metadata.name}: ${why.split('\n', 1)[0] ?? ''}`
}
