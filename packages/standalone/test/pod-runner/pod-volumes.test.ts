import assert from 'node:assert/strict'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { resources } from '@millrace/kube'
import type { PodSpec } from '../../src/pod-runner/pod.ts'
import { eventually } from '../eventually.ts'
import { type Fixture, podRunnerFixture, sh } from './runner-fixture.ts'

/** Runs a script with the volumes given and answers with what it wrote. */
async function outputOf(
  fixture: Fixture,
  name: string,
  spec: Partial<PodSpec>,
  script: string,
  metadata: object = {},
): Promise<string> {
  const volumeMounts = (spec.volumes ?? []).map((volume) => ({ name: volume.name, mountPath: `/mnt/${volume.name}` }))
  fixture.run(
    name,
    { restartPolicy: 'Never', ...spec, containers: [{ ...sh('main', script), volumeMounts }] },
    metadata,
  )
  await fixture.status(name, 'ended', ({ phase }) => phase === 'Succeeded' || phase === 'Failed')
  return (await fixture.logs(name, 'main')).text
}

test('shows ConfigMaps, Secrets, the pod itself and all of them together as files', async (t) => {
  const fixture = await podRunnerFixture(t)
  fixture.cluster.put(resources.configMaps, { metadata: { name: 'c' }, data: { a: 'A', b: 'B' } })
  fixture.cluster.put(resources.secrets, {
    metadata: { name: 's' },
    data: { key: Buffer.from('K').toString('base64') },
  })
  const volumes = [
    { name: 'config', configMap: { name: 'c', items: [{ key: 'a', path: 'deep/er/a' }] } },
    { name: 'secret', secret: { secretName: 's' } },
    { name: 'missing', secret: { secretName: 'nobody', optional: true } },
    { name: 'down', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
    {
      name: 'all',
      projected: {
        sources: [
          { configMap: { name: 'c' } },
          { secret: { name: 's' } },
          { serviceAccountToken: { path: 'token', audience: 'x' } },
        ],
      },
    },
  ]
  const script =
    'cat /mnt/config/deep/er/a; ls /mnt/config; cat /mnt/secret/key; echo; ls /mnt/missing; cat /mnt/down/labels; ls /mnt/all; cat /mnt/all/token; stat -L -c %a /mnt/secret/key'
  assert.equal(
    await outputOf(fixture, 'x', { volumes }, script, { labels: { tier: 'gold' } }),
    'Adeep\nK\ntier="gold"a\nb\nkey\ntoken\na-token600\n',
  )
})

test('brings a mounted ConfigMap up to date while the pod runs', async (t) => {
  const { cluster, run, status, logs } = await podRunnerFixture(t)
  cluster.put(resources.configMaps, { metadata: { name: 'c' }, data: { a: 'one' } })
  run('reader', {
    restartPolicy: 'Never',
    volumes: [{ name: 'config', configMap: { name: 'c' } }],
    containers: [
      {
        ...sh('main', 'while ! grep -q two /mnt/c/a; do sleep 0.02; done; cat /mnt/c/a; ls /mnt/c'),
        volumeMounts: [{ name: 'config', mountPath: '/mnt/c' }],
      },
    ],
  })
  await status('reader', 'running', ({ phase }) => phase === 'Running')
  cluster.put(resources.configMaps, { metadata: { name: 'c' }, data: { a: 'two\n', b: 'new' } })
  await status('reader', 'succeeded', ({ phase }) => phase === 'Succeeded')
  assert.equal((await logs('reader', 'main')).text, 'two\na\nb\n')
})

test('binds a claim to a directory that outlives the pod, and deletes it with the claim', async (t) => {
  const fixture = await podRunnerFixture(t)
  const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
  fixture.cluster.put(resources.persistentVolumeClaims, { metadata: { name: 'data' }, spec: claim })
  const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }]
  await outputOf(fixture, 'writer', { volumes }, 'echo kept > /mnt/v/file')
  assert.equal(await outputOf(fixture, 'reader', { volumes }, 'cat /mnt/v/file'), 'kept\n')
  const path = join(fixture.dataDir, 'volumes/default/data')
  assert.equal(await readFile(join(path, 'file'), 'utf8'), 'kept\n')
  const bound = fixture.cluster.find(resources.persistentVolumeClaims, 'default', 'data')
  assert.equal((bound?.status as { phase?: string } | undefined)?.phase, 'Bound')

  for (const name of ['writer', 'reader']) fixture.cluster.remove(resources.pods, 'default', name)
  fixture.cluster.remove(resources.persistentVolumeClaims, 'default', 'data')
  await eventually('the volume is gone', () => fixture.cluster.list(resources.persistentVolumes).length === 0)
  await assert.rejects(stat(path))
})

test('prefers a PersistentVolume that satisfies the claim, and never deletes it', async (t) => {
  const fixture = await podRunnerFixture(t)
  const path = join(fixture.dataDir, 'own')
  await mkdir(path)
  await writeFile(join(path, 'file'), 'mine\n')
  const capacity = { storage: '2Gi' }
  const accessModes = ['ReadWriteOnce']
  fixture.cluster.put(resources.persistentVolumes, {
    metadata: { name: 'own' },
    spec: { capacity, accessModes, hostPath: { path } },
  })
  const claim = { accessModes, resources: { requests: { storage: '1Gi' } } }
  fixture.cluster.put(resources.persistentVolumeClaims, { metadata: { name: 'data' }, spec: claim })
  const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }]
  assert.equal(await outputOf(fixture, 'reader', { volumes }, 'cat /mnt/v/file'), 'mine\n')
  fixture.cluster.remove(resources.pods, 'default', 'reader')
  fixture.cluster.remove(resources.persistentVolumeClaims, 'default', 'data')
  await eventually('the volume is released', () => {
    const volume = fixture.cluster.find(resources.persistentVolumes, undefined, 'own')
    return (volume?.status as { phase?: string } | undefined)?.phase === 'Released'
  })
  assert.equal(await readFile(join(path, 'file'), 'utf8'), 'mine\n')
})

test('says which claim does not exist, and goes on when it is made', async (t) => {
  const { run, status, cluster } = await podRunnerFixture(t)
  run('early', {
    volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'late' } }],
    containers: [sh('main', 'sleep 60')],
  })
  const waiting = await status('early', 'held', (found) =>
    found.containerStatuses?.[0]?.state.waiting?.message?.includes('late'),
  )
  assert.equal(waiting.containerStatuses?.[0]?.state.waiting?.reason, 'ContainerCreating')
  cluster.put(resources.persistentVolumeClaims, {
    metadata: { name: 'late' },
    spec: { accessModes: ['ReadWriteOnce'] },
  })
  await status('early', 'running', ({ phase }) => phase === 'Running')
})

test('refuses an image volume with what to do, and a subPath that leads out', async (t) => {
  const { run, status } = await podRunnerFixture(t)
  run('image', { volumes: [{ name: 'v', image: { reference: 'x' } }], containers: [sh('main', 'true')] })
  const refused = await status(
    'image',
    'refused',
    (found) => found.containerStatuses?.[0]?.state.waiting?.reason === 'CreateContainerConfigError',
  )
  assert.match(refused.containerStatuses?.[0]?.state.waiting?.message ?? '', /image volumes need a container runtime/)

  const volumeMounts = [{ name: 'v', mountPath: '/mnt/v', subPath: '../../..' }]
  run('escape', { volumes: [{ name: 'v', emptyDir: {} }], containers: [{ ...sh('main', 'true'), volumeMounts }] })
  const held = await status(
    'escape',
    'refused',
    (found) => found.containerStatuses?.[0]?.state.waiting?.reason === 'CreateContainerConfigError',
  )
  assert.match(held.containerStatuses?.[0]?.state.waiting?.message ?? '', /leads out of the volume/)
})

test('a subPath through a symbolic link that leads out is refused', async (t) => {
  const fixture = await podRunnerFixture(t)
  const volumeMounts = [{ name: 'v', mountPath: '/mnt/v' }]
  fixture.run('link', {
    volumes: [{ name: 'v', emptyDir: {} }],
    initContainers: [{ ...sh('make', 'ln -s / /mnt/v/out'), volumeMounts }],
    containers: [{ ...sh('main', 'true'), volumeMounts: [{ name: 'v', mountPath: '/mnt/v', subPath: 'out/tmp' }] }],
  })
  await fixture.status('link', 'refused', (found) =>
    found.containerStatuses?.[0]?.state.waiting?.message?.includes('leads out of the volume'),
  )
})
