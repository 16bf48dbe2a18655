/**
 * The controller in a process of its own, with its API calls counted. To every message of the parent it answers with what it
 * has used so far. Usage: counted-controller.ts KUBECONFIG
 */
import { startController } from '@millrace/controller'
import { type Client, createClient, loadConnection } from '@millrace/kube'

/** Since the start: calls by verb, and CPU. */
export interface ControllerUse {
  readonly calls: Readonly<Record<string, number>>
  readonly cpuMs: number
}

const [kubeconfig = ''] = process.argv.slice(2)
const client = createClient(await loadConnection({ kubeconfig, env: {} }))
const calls: Record<string, number> = {}
const controller = await startController({
  client: counted(client),
  controllerNamespace: 'kserve',
  webhook: { mode: 'url', host: '127.0.0.1', port: 0 },
})
await controller.ready
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ calls, cpuMs: (user + system) / 1000 } satisfies ControllerUse)
})
process.on('disconnect', () => process.exit(0))
process.stdout.write('ready\n')

function counted(real: Client): Client {
  return new Proxy(real, {
    get: (target, verb: keyof Client) => {
      const method: unknown = target[verb]
      if (typeof method !== 'function') return method
      return (...args: unknown[]): unknown => {
        calls[verb] = (calls[verb] ?? 0) + 1
        return method.apply(target, args)
      }
    },
  })
}
