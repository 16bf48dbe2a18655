import assert from 'node:assert/strict'
import test from 'node:test'
import type { Deployment, IntOrPercent, Pod, ReplicaSet } from '../../src/workloads/apps.ts'
import { type DeploymentPlan, planDeployment } from '../../src/workloads/deployment-plan.ts'
import { planReplicaSet } from '../../src/workloads/replica-set-plan.ts'

/** A cluster of one Deployment: the plans are carried out, pods become ready when the test says so. */
function createCluster(spec: Partial<Deployment['spec']>) {
  const template = (version: string) => ({
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image: version }] },
  })
  const deployment: Deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default', uid: 'd', generation: 1 },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: template('v1'),
      progressDeadlineSeconds: 600,
      ...spec,
    },
  }
  let sets: ReplicaSet[] = []
  let pods: Pod[] = []
  let serial = 0
  let nowMs = Date.UTC(2026, 0, 1)
  const active = () => pods.filter((pod) => pod.metadata.deletionTimestamp === undefined)
  const ready = () => active().filter((pod) => pod.status?.conditions?.[0]?.status === 'True')

  function step(): DeploymentPlan {
    const old = pods.filter((pod) => !sets.some((set) => ownsPod(set, pod) && isCurrent(set)))
    const plan = planDeployment({ deployment, replicaSets: sets, oldPodCount: old.length, now: new Date(nowMs) })
    if (plan.create) {
      serial++
      const metadata = {
        ...plan.create.metadata,
        uid: `rs${serial}`,
        creationTimestamp: new Date(nowMs + serial).toISOString(),
      }
      sets.push({ ...plan.create, metadata })
    }
    for (const { name, replicas } of plan.scale) {
      sets = sets.map((set) => (set.metadata.name === name ? { ...set, spec: { ...set.spec, replicas } } : set))
    }
    sets = sets.filter((set) => !plan.remove.includes(set.metadata.name ?? ''))
    for (const { kind, name, annotations } of plan.annotate) {
      const target = kind === 'Deployment' ? deployment : sets.find((set) => set.metadata.name === name)
      if (target) target.metadata.annotations = { ...target.metadata.annotations, ...annotations }
    }
    deployment.status = plan.status
    for (const set of sets) reconcileSet(set)
    return plan
  }

  function reconcileSet(set: ReplicaSet): void {
    const own = pods.filter((pod) => ownsPod(set, pod))
    const plan = planReplicaSet({ replicaSet: set, pods: own, now: new Date(nowMs) })
    for (let count = 0; count < plan.create; count++) {
      serial++
      pods.push({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: `pod-${serial}`,
          uid: `p${serial}`,
          creationTimestamp: new Date(nowMs + serial).toISOString(),
          labels: { ...set.spec.template.metadata?.labels },
          ownerReferences: [
            {
              apiVersion: 'apps/v1',
              kind: 'ReplicaSet',
              name: set.metadata.name ?? '',
              uid: set.metadata.uid ?? '',
              controller: true,
            },
          ],
        },
        spec: { nodeName: 'node', containers: [] },
        status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] },
      })
    }
    pods = pods.filter((pod) => !plan.remove.includes(pod.metadata.name ?? ''))
    const left = pods.filter((pod) => ownsPod(set, pod))
    set.status = planReplicaSet({ replicaSet: set, pods: left, now: new Date(nowMs) }).status
  }

  const isCurrent = (set: ReplicaSet): boolean =>
    JSON.stringify(set.spec.template.spec) === JSON.stringify(deployment.spec.template.spec)
  return {
    deployment,
    step,
    active,
    ready,
    sets: () => sets,
    release(version: string) {
      deployment.spec = { ...deployment.spec, template: template(version) }
      deployment.metadata.generation = (deployment.metadata.generation ?? 0) + 1
    },
    scale(replicas: number) {
      deployment.spec = { ...deployment.spec, replicas }
    },
    readyOne() {
      const pod = active().find((candidate) => candidate.status?.conditions?.[0]?.status !== 'True')
      if (pod)
        pod.status = {
          phase: 'Running',
          conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: new Date(nowMs).toISOString() }],
        }
      for (const set of sets) reconcileSet(set)
    },
    pass(ms: number) {
      nowMs += ms
    },
    settle(check: () => void = () => {}) {
      for (let round = 0; round < 60; round++) {
        step()
        check()
        this.readyOne()
        check()
      }
    },
  }
}

const ownsPod = (set: ReplicaSet, pod: Pod): boolean => pod.metadata.ownerReferences?.[0]?.uid === set.metadata.uid

const condition = (cluster: ReturnType<typeof createCluster>, type: string) =>
  cluster.deployment.status?.conditions?.find((candidate) => candidate.type === type)

for (const [maxSurge, maxUnavailable] of [
  ['25%', '25%'],
  [1, 0],
  [0, 1],
  ['100%', '100%'],
  [2, 2],
] as [IntOrPercent, IntOrPercent][]) {
  test(`a rolling update with maxSurge ${maxSurge} and maxUnavailable ${maxUnavailable} stays within its bounds and ends`, () => {
    const cluster = createCluster({
      replicas: 4,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
    })
    cluster.settle()
    assert.equal(cluster.ready().length, 4)
    const resolve = (value: IntOrPercent, round: (n: number) => number) =>
      typeof value === 'number' ? value : round((Number.parseInt(value, 10) * 4) / 100)
    cluster.release('v2')
    cluster.settle(() => {
      assert.ok(cluster.active().length <= 4 + resolve(maxSurge, Math.ceil), `${cluster.active().length} pods`)
      assert.ok(
        cluster.ready().length >= 4 - resolve(maxUnavailable, Math.floor),
        `${cluster.ready().length} ready pods`,
      )
    })
    const current = cluster.sets().find((set) => (set.spec.replicas ?? 0) > 0)
    assert.equal(cluster.ready().length, 4)
    assert.ok(cluster.ready().every((pod) => current && ownsPod(current, pod)))
    assert.equal(condition(cluster, 'Progressing')?.reason, 'NewReplicaSetAvailable')
    assert.equal(cluster.deployment.metadata.annotations?.['deployment.kubernetes.io/revision'], '2')
  })
}

test('a single replica is never taken away before the new one is ready', () => {
  const cluster = createCluster({ replicas: 1 })
  cluster.settle()
  cluster.release('v2')
  for (let round = 0; round < 5; round++) {
    cluster.step()
    assert.equal(cluster.ready().length, 1)
    assert.equal(cluster.active().length, round === 0 ? 2 : 2)
  }
  cluster.readyOne()
  cluster.step()
  assert.equal(cluster.active().length, 1)
})

test('a pod that was told to end is not counted among those that serve', () => {
  const cluster = createCluster({ replicas: 1 })
  cluster.settle()
  cluster.release('v2')
  cluster.step()
  cluster.release('v3')
  cluster.step()
  const [first, second, third] = cluster.sets()
  assert.ok(first && second && third)
  // The second has been scaled down, the third up, and no set has said so yet.
  for (const [set, replicas, availableReplicas] of [
    [first, 1, 1],
    [second, 0, 1],
    [third, 1, 0],
  ] as const) {
    set.spec = { ...set.spec, replicas }
    set.status = { ...set.status, replicas, availableReplicas }
  }
  assert.deepEqual(cluster.step().scale, [])
})

test('Recreate lets the old pods go before it starts new ones', () => {
  const cluster = createCluster({ replicas: 2, strategy: { type: 'Recreate' } })
  cluster.settle()
  cluster.release('v2')
  cluster.step()
  assert.equal(cluster.sets().length, 1)
  cluster.settle()
  assert.equal(cluster.ready().length, 2)
  assert.equal(cluster.sets().filter((set) => (set.spec.replicas ?? 0) > 0).length, 1)
})

test('a rollout that stands still is reported after its deadline, once, and heals', () => {
  const cluster = createCluster({ replicas: 1, progressDeadlineSeconds: 60 })
  const plan = cluster.step()
  assert.ok((plan.checkAgainMs ?? 0) <= 60_000)
  cluster.step()
  cluster.pass(61_000)
  cluster.step()
  assert.equal(condition(cluster, 'Progressing')?.reason, 'ProgressDeadlineExceeded')
  const before = cluster.deployment.status
  cluster.step()
  assert.deepEqual(cluster.deployment.status, before)
  cluster.readyOne()
  cluster.step()
  assert.equal(condition(cluster, 'Progressing')?.status, 'True')
})

test('a settled Deployment plans nothing', () => {
  const cluster = createCluster({ replicas: 3 })
  cluster.settle()
  const status = cluster.deployment.status
  const plan = cluster.step()
  assert.deepEqual({ ...plan, status: undefined }, { scale: [], remove: [], annotate: [], status: undefined })
  assert.deepEqual(plan.status, status)
})

test('going back to an earlier template uses its ReplicaSet again', () => {
  const cluster = createCluster({ replicas: 2 })
  cluster.settle()
  cluster.release('v2')
  cluster.settle()
  cluster.release('v1')
  cluster.settle()
  assert.equal(cluster.sets().length, 2)
  assert.equal(cluster.deployment.metadata.annotations?.['deployment.kubernetes.io/revision'], '3')
})

test('history beyond revisionHistoryLimit goes', () => {
  const cluster = createCluster({ replicas: 1, revisionHistoryLimit: 1 })
  for (const version of ['v1', 'v2', 'v3', 'v4']) {
    cluster.release(version)
    cluster.settle()
  }
  assert.equal(cluster.sets().length, 2)
})

test('a paused Deployment scales and does not roll', () => {
  const cluster = createCluster({ replicas: 1 })
  cluster.settle()
  cluster.deployment.spec = { ...cluster.deployment.spec, paused: true }
  cluster.release('v2')
  cluster.scale(3)
  cluster.settle()
  assert.equal(cluster.sets().length, 1)
  assert.equal(cluster.ready().length, 3)
  assert.equal(condition(cluster, 'Progressing')?.reason, 'DeploymentPaused')
})
