import assert from 'node:assert/strict'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { resources } from '@millrace/kube'
import type { KubernetesOptions } from '../kubernetes/start-kubernetes.ts'
import { type Audit, startAudit } from './audit.ts'
import { type Cluster, startCluster } from './cluster.ts'
import {
  type ControllerListen,
  type ControllerProcess,
  freePort,
  startControllerProcess,
} from './controller-process.ts'

/** A real Kubernetes with what is shipped, and controllers that run with the rights of their service account alone. */
export interface Installation {
  readonly cluster: Cluster
  readonly audit: Audit
  /** The CRDs, and an overlay of deploy/kustomize; again and again, if need be. */
  install(overlay: string): Promise<void>
  /** What is shipped as it is; only the webhook's Service has an address and a port of this machine. */
  here(text: string): string
  /** A controller as its Deployment says; resolves when it is ready, or alive if no more is asked for. */
  start(options?: StartOptions): Promise<ControllerProcess>
  /** Ends what still runs, and the cluster. */
  close(): Promise<void>
}

export interface StartOptions extends Pick<ControllerListen, 'server' | 'beforeStart'> {
  readonly until?: 'ready' | 'alive'
}

/** namespace:name */
export const account = 'kserve:millrace-controller'
const paths = { ready: '/readyz', alive: '/healthz' } as const
const waitMsMax = 30_000
const pollMs = 50
/** The address of the webhook's Service: of those that this machine has, and of the first of the range, which no Service gets by chance. */
const webhookAddress = '127.83.0.8'

export async function startInstallation(options: KubernetesOptions = {}): Promise<Installation> {
  const audit = await startAudit()
  const own = ['--service-cluster-ip-range=127.83.0.0/24', ...audit.flags]
  const cluster = await startCluster({ ...options, apiserverFlags: [...own, ...(options.apiserverFlags ?? [])] })
  const running = new Map<number, ControllerProcess>()
  const webhook = await startService(webhookAddress, () => [...running.keys()])
  const here = (text: string): string =>
    text
      .replace('- name: webhook\n    port: 443', `- name: webhook\n    port: ${webhook.port}`)
      .replaceAll(/(path: \/(validate|convert|complete-pods)\n +port: )443/g, `$1${webhook.port}`)
      .replace('name: millrace-webhook\n  namespace: kserve\nspec:', `$&\n  clusterIP: ${webhookAddress}`)
  const forget = (controller: ControllerProcess): void => {
    for (const [port, one] of running) if (one === controller) running.delete(port)
  }
  return {
    cluster,
    audit,
    here,
    install: async (overlay) => {
      await cluster.kubectl(['apply', '-k', 'deploy/crds/full'])
      await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s'])
      const text = await cluster.kubectl(['kustomize', `deploy/kustomize/overlays/${overlay}`])
      await cluster.kubectl(['apply', '-f', '-'], here(text))
    },
    start: async ({ until: state = 'ready', ...more } = {}) => {
      const place = { namespace: 'kserve', name: 'millrace-controller' }
      const deployment = await cluster.client.get(resources.deployments, place)
      const { args } = Object(deployment['spec']).template.spec.containers[0] as { readonly args: readonly string[] }
      const webhookPort = await freePort('127.0.0.1')
      const controller = await startControllerProcess(cluster, args, { webhook: '127.0.0.1', webhookPort, ...more })
      running.set(webhookPort, controller)
      await until(
        async () => (await controller.health(paths[state])) === 200 || controller.ended !== undefined,
        () => controller.log,
      )
      assert.equal(controller.ended, undefined, controller.log)
      const ending =
        <T>(end: () => Promise<T>) =>
        async (): Promise<T> => {
          forget(controller)
          return end()
        }
      return Object.assign(controller, { close: ending(controller.close), kill: ending(controller.kill) })
    },
    close: async () => {
      await Promise.all([...running.values()].map((controller) => controller.close()))
      await webhook.close()
      await cluster.close()
      await audit.close()
    },
  }
}

/** Stands for kube-proxy: whoever connects to the Service's address reaches one of those behind it that answers. */
async function startService(
  address: string,
  ports: () => readonly number[],
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const open = new Set<Socket>()
  const forward = (client: Socket, [port, ...others]: readonly number[]): void => {
    if (port === undefined) return void client.destroy()
    const backend = connect(port, '127.0.0.1')
    open.add(backend)
    backend.once('close', () => open.delete(backend))
    backend.once('error', () => forward(client, others))
    backend.once('connect', () => {
      backend.on('error', () => client.destroy())
      backend.once('close', () => client.destroy())
      client.once('close', () => backend.destroy())
      client.pipe(backend).pipe(client)
    })
  }
  const server: Server = createServer((client) => {
    open.add(client)
    client.on('error', () => client.destroy())
    client.once('close', () => open.delete(client))
    forward(client, ports())
  })
  await new Promise<void>((resolve) => server.listen(0, address, resolve))
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound ? bound.port : 0,
    close: async () => {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Waits for something to come true; what was said meanwhile is shown where it does not. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  said: () => string,
  waitMs = waitMsMax,
): Promise<void> {
  const deadline = performance.now() + waitMs
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, `it never came true: ${String(holds)}\n${said().slice(-6000)}`)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}
