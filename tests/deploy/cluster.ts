import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient } from '@millrace/kube'
import { type Kubernetes, type KubernetesOptions, startKubernetes } from '../kubernetes/start-kubernetes.ts'
import { buildTools } from './build-tools.ts'
import { attempt, type Outcome, run } from './run-tool.ts'

/** A real Kubernetes and the real tools pointed at it. */
export interface Cluster {
  readonly kubernetes: Kubernetes
  readonly client: Client
  kubectl(args: readonly string[], input?: string): Promise<string>
  helm(args: readonly string[], input?: string): Promise<string>
  attemptKubectl(args: readonly string[]): Promise<Outcome>
  attemptHelm(args: readonly string[]): Promise<Outcome>
  close(): Promise<void>
}

export async function startCluster(options: KubernetesOptions = {}): Promise<Cluster> {
  const tools = await buildTools()
  const kubernetes = await startKubernetes(options)
  const home = await mkdtemp(join(tmpdir(), 'millrace-home-'))
  const env = { KUBECONFIG: kubernetes.kubeconfig, HOME: home }
  const client = createClient(kubernetes.connection)
  return {
    kubernetes,
    client,
    kubectl: (args, input = '') => run(tools.kubectl, args, { input, env }),
    helm: (args, input = '') => run(tools.helm, args, { input, env }),
    attemptKubectl: (args) => attempt(tools.kubectl, args, { env }),
    attemptHelm: (args) => attempt(tools.helm, args, { env }),
    close: async () => {
      await client.close()
      await kubernetes.close()
      await rm(home, { recursive: true, force: true })
    },
  }
}
