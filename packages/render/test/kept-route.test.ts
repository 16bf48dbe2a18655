import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '@millrace/kube'
import { keptWhileUnready } from '../src/backend/kept-route.ts'

const predictor = { name: 'iris-predictor', isReady: true }

function ingress(...services: readonly string[]): KubeObject {
  const rules = services.map((name) => ({ http: { paths: [{ backend: { service: { name } } }] } }))
  return { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'iris' }, spec: { rules } }
}

function httpRoute(...services: readonly string[]): KubeObject {
  const rules = [{ backendRefs: services.map((name) => ({ name })) }]
  return { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name: 'iris' }, spec: { rules } }
}

function virtualService(...services: readonly string[]): KubeObject {
  const http = services.map((name) => ({ headers: { request: { set: { Host: `${name}.ns.svc.cluster.local` } } } }))
  return { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: { name: 'iris' }, spec: { http } }
}

for (const route of [ingress, httpRoute, virtualService]) {
  const live = route('iris-predictor')

  test(`leads an ${route.name} to a new transformer when it is ready, not before`, () => {
    const wanted = route('iris-transformer', 'iris-predictor')
    const backends = (isReady: boolean) => [predictor, { name: 'iris-transformer', isReady }]
    assert.deepEqual(keptWhileUnready(wanted, live, backends(false)), live)
    assert.deepEqual(keptWhileUnready(wanted, live, backends(true)), wanted)
    assert.deepEqual(keptWhileUnready(wanted, undefined, backends(false)), wanted)
  })

  test(`leads an ${route.name} on to what it leads to already, ready or not`, () => {
    assert.deepEqual(keptWhileUnready(live, live, [{ ...predictor, isReady: false }]), live)
  })

  test(`leads an ${route.name} away from what is there no more`, () => {
    const wanted = route('iris-blue-predictor')
    assert.deepEqual(keptWhileUnready(wanted, live, [{ name: 'iris-blue-predictor', isReady: false }]), wanted)
  })
}
