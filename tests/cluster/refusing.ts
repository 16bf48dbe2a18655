import { isKubeError, resources } from '@millrace/kube'
import type { Cluster } from '../deploy/cluster.ts'

/** What stands in a cluster against Deployments of one namespace. */
export interface Refusing {
  /** Resolves when the API server goes by it. */
  begin(): Promise<void>
  end(): Promise<void>
}

const apiVersion = 'admissionregistration.k8s.io/v1'
const pollMs = 100
const deployments = {
  apiGroups: ['apps'],
  apiVersions: ['v1'],
  operations: ['CREATE', 'UPDATE'],
  resources: ['deployments'],
}

/** A policy, which answers 403 with these words. */
export function policyAgainst(cluster: Cluster, namespace: string, words: string): Refusing {
  const matchConstraints = { resourceRules: [deployments], namespaceSelector: only(namespace) }
  const validations = [{ expression: 'false', message: words }]
  return refusing(cluster, namespace, [
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: 'no-deployments' },
      spec: { failurePolicy: 'Fail', matchConstraints, validations },
    },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: 'no-deployments' },
      spec: { policyName: 'no-deployments', validationActions: ['Deny'] },
    },
  ])
}

/** Somebody's webhook that nobody answers for: the API server's answer is 500. */
export function deadWebhookFor(cluster: Cluster, namespace: string): Refusing {
  const webhook = {
    name: 'dead.example.com',
    clientConfig: { url: 'https://127.0.0.1:1/' },
    rules: [deployments],
    namespaceSelector: only(namespace),
    failurePolicy: 'Fail',
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
  }
  const metadata = { name: 'dead' }
  return refusing(cluster, namespace, [
    { apiVersion, kind: 'ValidatingWebhookConfiguration', metadata, webhooks: [webhook] },
  ])
}

function only(namespace: string): object {
  return { matchLabels: { 'kubernetes.io/metadata.name': namespace } }
}

function refusing(cluster: Cluster, namespace: string, objects: readonly object[]): Refusing {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
  return {
    begin: async () => {
      await cluster.kubectl(['apply', '-f', '-'], text)
      while (await isTaken(cluster, namespace)) await new Promise((resolve) => setTimeout(resolve, pollMs))
    },
    end: async () => void (await cluster.kubectl(['delete', '-f', '-'], text)),
  }
}

async function isTaken({ client }: Cluster, namespace: string): Promise<boolean> {
  const labels = { app: 'probe' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'none' }] } }
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name: 'probe' },
    spec: { selector: { matchLabels: labels }, template },
  }
  try {
    await client.create(resources.deployments, deployment, { dryRun: true })
    return true
  } catch (error) {
    if (isKubeError(error)) return false
    throw error
  }
}
