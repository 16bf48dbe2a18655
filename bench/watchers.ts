/**
 * Watchers in a process of their own: they count lines and read none, so that the server is what is measured. Tells the
 * parent how many changes the slowest of them has. Usage: watchers.ts KUBECONFIG COUNT
 */
import { createClient, loadConnection, resources } from '@millrace/kube'

const [kubeconfig = '', count = '100'] = process.argv.slice(2)
const client = createClient(await loadConnection({ kubeconfig, env: {} }))
const { metadata } = await client.list(resources.configMaps, { namespace: 'default', limit: 1 })
const path = `/api/v1/namespaces/default/configmaps?watch=true&resourceVersion=${metadata.resourceVersion}`
const seen = Array.from({ length: Number(count) }, () => 0)
let told = 0
const newline = 0x0a

async function watch(index: number): Promise<void> {
  const { body } = await client.stream(path)
  void (async () => {
    for await (const chunk of body) {
      let lines = 0
      for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) lines++
      seen[index] = (seen[index] ?? 0) + lines
      tell()
    }
  })()
}

function tell(): void {
  const slowest = Math.min(...seen)
  if (slowest <= told) return
  told = slowest
  process.send?.(told)
}

process.on('disconnect', () => process.exit(0))
await Promise.all(seen.map((_, index) => watch(index)))
process.stdout.write('watching\n')
