import assert from 'node:assert/strict'
import test from 'node:test'
import type { Pod } from '../../src/workloads/apps.ts'
import { parseSelector } from '../../src/workloads/autoscaler-controller.ts'
import {
  type Autoscaler,
  type AutoscalerInput,
  planAutoscaler,
  type ScaleRecord,
} from '../../src/workloads/autoscaler-plan.ts'

const now = new Date('2026-01-01T00:10:00Z')

function pod(index: number, isReady = true): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `p${index}`, uid: `p${index}` },
    spec: { containers: [{ name: 'main', resources: { requests: { cpu: '500m', memory: '1Gi' } } }] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
  }
}

interface Case {
  readonly spec?: Partial<Autoscaler['spec']>
  readonly replicas: number
  readonly cpuMillicores?: readonly number[]
  readonly recommendations?: readonly ScaleRecord[]
  readonly changes?: readonly ScaleRecord[]
}

function plan({ spec, replicas, cpuMillicores = [], recommendations = [], changes = [] }: Case) {
  const autoscaler: Autoscaler = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      scaleTargetRef: { kind: 'Deployment', name: 'web' },
      minReplicas: 1,
      maxReplicas: 10,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
      ],
      ...spec,
    },
  }
  const input: AutoscalerInput = {
    autoscaler,
    currentReplicas: replicas,
    pods: Array.from({ length: replicas }, (_, index) => pod(index)),
    usage: new Map(cpuMillicores.map((cpu, index) => [`p${index}`, { cpuMillicores: cpu, memoryBytes: 0 }])),
    recommendations,
    changes,
    now,
  }
  return planAutoscaler(input)
}

const condition = (result: ReturnType<typeof plan>, type: string) =>
  result.status.conditions?.find((each) => each.type === type)

test('usage above the target scales up by the ratio, within the policy', () => {
  assert.equal(plan({ replicas: 1, cpuMillicores: [800] }).desiredReplicas, 2)
  assert.equal(plan({ replicas: 4, cpuMillicores: [500, 500, 500, 500] }).desiredReplicas, 5)
  const rush = plan({ replicas: 2, cpuMillicores: [4000, 4000], spec: { maxReplicas: 100 } })
  assert.equal(rush.recommendation, 20)
  assert.equal(rush.desiredReplicas, 6)
})

test('usage near the target changes nothing', () => {
  assert.equal(plan({ replicas: 2, cpuMillicores: [430, 380] }).desiredReplicas, 2)
})

test('the bounds win, whatever is measured, and are named', () => {
  const high = plan({ replicas: 10, cpuMillicores: Array(10).fill(900) })
  assert.equal(high.desiredReplicas, 10)
  assert.equal(condition(high, 'ScalingLimited')?.reason, 'TooManyReplicas')
  assert.equal(plan({ replicas: 1, spec: { minReplicas: 3 } }).desiredReplicas, 3)
  assert.equal(plan({ replicas: 5, spec: { maxReplicas: 2 } }).desiredReplicas, 2)
})

test('without a reading nothing is scaled, and the condition says why', () => {
  const result = plan({ replicas: 3 })
  assert.equal(result.desiredReplicas, 3)
  assert.deepEqual(condition(result, 'ScalingActive')?.status, 'False')
  assert.equal(result.status.currentMetrics, null, 'as the server stores it: no difference at the next look')
  assert.match(condition(result, 'ScalingActive')?.message ?? '', /no ready pod has a reading of cpu/)
})

test('scaling down waits for the window, and scaling up does not', () => {
  const ago = (seconds: number, replicas: number): ScaleRecord => ({ atMs: now.getTime() - seconds * 1000, replicas })
  const idle = [10, 10, 10, 10]
  assert.equal(plan({ replicas: 4, cpuMillicores: idle, recommendations: [ago(200, 4)] }).desiredReplicas, 4)
  assert.equal(plan({ replicas: 4, cpuMillicores: idle, recommendations: [ago(400, 4)] }).desiredReplicas, 1)
  const slow = { behavior: { scaleUp: { stabilizationWindowSeconds: 60 } } }
  assert.equal(
    plan({ replicas: 1, cpuMillicores: [800], recommendations: [ago(30, 1)], spec: slow }).desiredReplicas,
    1,
  )
})

test('a policy counts from where its period began', () => {
  const limited = { behavior: { scaleUp: { policies: [{ type: 'Pods' as const, value: 1, periodSeconds: 60 }] } } }
  const changes = [{ atMs: now.getTime() - 20_000, replicas: 1 }]
  assert.equal(plan({ replicas: 2, cpuMillicores: [900, 900], changes, spec: limited }).desiredReplicas, 2)
  assert.equal(plan({ replicas: 2, cpuMillicores: [900, 900], spec: limited }).desiredReplicas, 3)
})

test('a target of zero replicas is left alone', () => {
  assert.equal(plan({ replicas: 0 }).desiredReplicas, 0)
})

test('the status tells what is measured in the unit of the target', () => {
  const { status } = plan({ replicas: 2, cpuMillicores: [400, 300] })
  assert.deepEqual(status.currentMetrics, [
    { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 70 } } },
  ])
})

test('a selector of the scale subresource is read back', () => {
  assert.deepEqual(parseSelector('a=b,c in (d,e),!f,g'), {
    matchLabels: { a: 'b' },
    matchExpressions: [
      { key: 'c', operator: 'In', values: ['d', 'e'] },
      { key: 'f', operator: 'DoesNotExist' },
      { key: 'g', operator: 'Exists' },
    ],
  })
  assert.equal(parseSelector(''), undefined)
})
