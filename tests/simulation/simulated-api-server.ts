import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CallWebhook, openRequestServer } from '@millrace/apiserver'
import { type Clock, KubeError, type Log, type Transport } from '@millrace/kube'
import type { SeededRandom } from '@millrace/testkit'
import { createMemoryDisk } from './memory-disk.ts'
import { exchange } from './in-process-exchange.ts'

export interface SimulatedApiServer {
  /** A connection that never fails by itself. */
  readonly transport: Transport
  /** Requests that are being answered: they take turns of the event loop, and no time. */
  readonly busy: () => number
  close(): Promise<void>
}

const token = 'simulated'
/** Where the server itself would end a watch: it goes by the machine's clock, so that its end comes from here. */
const timeoutPattern = /[?&]timeoutSeconds=(\d+)/

/** The embedded API server, whole, in this process; time, chance and webhooks are the simulation's. */
export async function openSimulatedApiServer(options: {
  readonly clock: Clock
  readonly random: SeededRandom
  readonly log: Log
  readonly callWebhook: CallWebhook
}): Promise<SimulatedApiServer> {
  const { clock, random, log, callWebhook } = options
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-simulation-'))
  const letters = 'bcdfghjklmnpqrstvwxz2456789'
  const server = await openRequestServer({
    dataDir,
    tokens: [{ token, username: 'simulation', groups: ['system:masters'] }],
    log,
    storeOptions: { fileSystem: createMemoryDisk() },
    world: {
      now: () => new Date(clock.now()),
      newUid: () => uuid(random),
      randomSuffix: (length) => Array.from({ length }, () => letters[random.below(letters.length)]).join(''),
      callWebhook,
    },
  })
  let busy = 0
  const headersOf = (headers: Readonly<Record<string, string | string[]>>) => ({
    ...headers,
    authorization: `Bearer ${token}`,
  })
  const transport: Transport = {
    send: async (call) => {
      if (call.signal?.aborted) throw aborted(call.what)
      busy++
      try {
        // As on a network: no answer comes in the very moment of the question, and a loop of calls can be seen.
        await new Promise<void>((resolve) => setImmediate(resolve))
        const answer = exchange(server, { ...call, headers: headersOf(call.headers) })
        const { status, headers } = await answer.head
        const chunks: Uint8Array[] = []
        for await (const chunk of answer.chunks) chunks.push(chunk)
        return { status, headers, text: Buffer.concat(chunks).toString('utf8') }
      } finally {
        busy--
      }
    },
    open: async (call) => {
      if (call.signal?.aborted) throw aborted(call.what)
      busy++
      try {
        const answer = exchange(server, { ...call, headers: headersOf(call.headers) })
        const seconds = timeoutPattern.exec(call.path)?.[1]
        const cancel = seconds === undefined ? () => {} : clock.setTimeout(answer.hangUp, Number(seconds) * 1000)
        call.signal?.addEventListener('abort', answer.hangUp, { once: true })
        void answer.done.then(cancel)
        const { status, headers } = await answer.head
        return { status, headers, body: answer.chunks }
      } finally {
        busy--
      }
    },
    close: () => Promise.resolve(),
  }
  return {
    transport,
    busy: () => busy,
    close: async () => {
      await server.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

export function aborted(what: string): KubeError {
  return new KubeError({ code: 'Aborted', message: `${what}: stopped by the caller` })
}

function uuid(random: SeededRandom): string {
  const digits = (count: number): string => Array.from({ length: count }, () => random.below(16).toString(16)).join('')
  return `${digits(8)}-${digits(4)}-4${digits(3)}-8${digits(3)}-${digits(12)}`
}
