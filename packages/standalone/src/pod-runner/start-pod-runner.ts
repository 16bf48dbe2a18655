import type { Client } from '@millrace/kube'
import { NodeRunner } from './node-runner.ts'
import type { PodRunner, PodRunnerOptions } from './pod-runner.ts'

/**
 * A node whose pods are processes. Resolves when the node is registered and every pod that the API remembers has its
 * true status again; from then on pods come and go as the API says.
 *
 * What a machine without containers cannot give is left out knowingly: CPU limits and `readOnly` mounts are not enforced,
 * and a security context is not applied, since every pod runs as the user who started the platform. Where there is no
 * /proc (macOS), memory limits are not enforced either, nothing is measured, and after a `kill -9` only programs that
 * watch their lifeline end.
 */
export async function startPodRunner(client: Client, options: PodRunnerOptions): Promise<PodRunner> {
  const runner = new NodeRunner(client, options)
  try {
    await runner.start()
  } catch (error) {
    await runner.close()
    throw error
  }
  return runner
}
