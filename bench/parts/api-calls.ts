import { closeSync, fdatasyncSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import {
  createAuthority,
  createClient,
  fixedConnection,
  issueCertificate,
  type KubeObject,
  resources,
} from '@millrace/kube'
import { against, type BenchPart, median } from '../bench-part.ts'
import { cpuMsOf } from '../process-facts.ts'
import { repeatFor } from '../repeat-for.ts'
import { printed, type Session } from '../session.ts'
import { startApiServer } from '../start-api-server.ts'

const rounds = 3
const forMs = 1200
const inFlight = 64
/** What a middling object of Kubernetes weighs. */
const payload = 'x'.repeat(1000)

/** Calls to the embedded API server with the real client, over TLS. A write is answered when it is on the disk. */
export const apiCalls: BenchPart = {
  name: 'api-calls',
  title: `API server: calls a second with ConfigMaps of 1 kB, median of ${rounds} rounds of ${forMs / 1000} s`,
  timeoutMs: 60_000,
  run: async (session) => {
    const server = await startApiServer(session)
    const [one, many] = await Promise.all([server.connect(1), server.connect(inFlight)])
    let made = 0
    const create = (client: typeof one) => () => client.create(resources.configMaps, configMap(`bench-${made++}`))
    const name = { namespace: 'default', name: 'bench-0' }
    const get = (client: typeof one) => () => client.get(resources.configMaps, name)
    await repeatFor(500, inFlight, create(many))
    await repeatFor(500, inFlight, get(many))
    const bare = await startBareServer(session, JSON.stringify(await one.get(resources.configMaps, name)))
    const found = { fsync: [], writes: [], writesMany: [], reads: [], readsMany: [], bare: [], cpu: [] } as Record<
      string,
      number[]
    >
    const keep = (key: string, value: number) => found[key]?.push(value)
    for (let round = 0; round < rounds; round++) {
      keep('fsync', fsyncRate(join(server.dataDir, 'bench-fsync')))
      keep('writes', await repeatFor(forMs, 1, create(one)))
      const before = { made, cpuMs: cpuMsOf(server.pid) }
      keep('writesMany', await repeatFor(forMs, inFlight, create(many)))
      keep('cpu', ((cpuMsOf(server.pid) - before.cpuMs) * 1000) / (made - before.made))
      keep('reads', await repeatFor(forMs, 1, get(one)))
      keep('readsMany', await repeatFor(forMs, inFlight, get(many)))
      keep('bare', await repeatFor(forMs, inFlight, get(bare)))
    }
    await Promise.all([one.close(), many.close(), bare.close()])
    const middle = (key: string): number => median(found[key] ?? [])
    return [
      against('writes, 1 in flight', middle('writes'), 'writes/s', middle('fsync'), 'fdatasync alone'),
      against(`writes, ${inFlight} in flight`, middle('writesMany'), 'writes/s', middle('fsync'), 'fdatasync alone'),
      { name: `CPU of the server for one write, ${inFlight} in flight`, value: middle('cpu'), unit: 'µs' },
      against('reads, 1 in flight', middle('reads'), 'reads/s', middle('bare'), 'bare node:https server'),
      against(`reads, ${inFlight} in flight`, middle('readsMany'), 'reads/s', middle('bare'), 'bare node:https server'),
      { name: 'append of 1 kB and fdatasync, same disk', value: middle('fsync'), unit: 'writes/s' },
      { name: `bare node:https server, same client, ${inFlight} in flight`, value: middle('bare'), unit: 'reads/s' },
    ]
  },
}

function configMap(name: string): KubeObject & { readonly data: Readonly<Record<string, string>> } {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name }, data: { payload } }
}

/** How often this disk takes a small record for good, one after the other. */
function fsyncRate(file: string): number {
  const descriptor = openSync(file, 'a')
  const startedMs = performance.now()
  let done = 0
  while (performance.now() - startedMs < forMs / 2) {
    writeSync(descriptor, payload)
    fdatasyncSync(descriptor)
    done++
  }
  closeSync(descriptor)
  return (done * 1000) / (performance.now() - startedMs)
}

/** The same client against a server that knows one answer. */
async function startBareServer(session: Session, answer: string) {
  const directory = session.directory()
  const times = { now: Date.now(), validForMs: 3_600_000 }
  const authority = createAuthority({ commonName: 'bench', ...times })
  const names = { dnsNames: [], ipAddresses: ['127.0.0.1'], usage: 'server' as const }
  const pair = issueCertificate(authority, { commonName: 'bench', ...names, ...times })
  const files = [answer, pair.certificate, pair.key].map((text, index) => {
    const file = join(directory, String(index))
    writeFileSync(file, text)
    return file
  })
  const child = session.startFile('bench/bare-server.ts', files)
  const [, port] = await printed(child, /port (\d+)/, session.signal)
  const connection = fixedConnection({
    server: `https://127.0.0.1:${port}`,
    certificateAuthority: authority.certificate,
    token: 'none',
  })
  return createClient(connection, { connectionsMax: inFlight })
}
