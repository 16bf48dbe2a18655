// A pod runner in a process of its own, so that a test can kill it: prints the pid of its pod's process, then waits.
import { mkdirSync } from 'node:fs'
import { resources } from '@millrace/kube'
import { startPodRunner } from '../../../src/pod-runner/start-pod-runner.ts'
import { fakeCluster } from '../../fake-cluster.ts'

const [dataDir = ''] = process.argv.slice(2)
mkdirSync(dataDir, { recursive: true })
const cluster = fakeCluster()
cluster.put(resources.pods, {
  metadata: { name: 'left' },
  spec: { containers: [{ name: 'main', image: 'sh' }] },
})
await startPodRunner(cluster.client, {
  dataDir,
  kubeletToken: 'x',
  // Ignores the lifeline, as a program that was not made for this platform does, and leaves a child in its group.
  resolveImage: () => ({ command: ['/bin/sh', '-c', 'PATH="$PATH:/usr/bin:/bin"; sleep 300 & echo $! $$ > "$HOME/pids"; wait'] }),
})
