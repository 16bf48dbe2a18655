import type { NodeSelectorRequirement, NodeSelectorTerm, Pod, Toleration } from './pod.ts'

/** What scheduling looks at on a Node. */
export interface NodeFacts {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly isCordoned: boolean
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]
}

/**
 * Why the pod cannot run on the node, in one sentence; undefined when it can. Resource requests are no reason: on one's
 * own machine a model that is a little too big is better started than refused. Pod affinity and topology spread say
 * nothing useful about a single node and are not looked at.
 */
export function checkNodeFit(pod: Pod, node: NodeFacts): string | undefined {
  const { spec } = pod
  if (spec.schedulingGates?.length) {
    return `the pod waits for its scheduling gates: ${spec.schedulingGates.map((gate) => gate.name).join(', ')}.`
  }
  if (node.isCordoned) return `node ${node.name} is cordoned; uncordon it to run pods again.`
  for (const [key, value] of Object.entries(spec.nodeSelector ?? {})) {
    if (node.labels[key] === value) continue
    return `the pod's nodeSelector asks for ${key}=${value}, and node ${node.name} has ${describeLabel(node, key)}.`
  }
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  if (terms && !terms.some((term) => termMatches(term, node))) {
    return `the pod's required node affinity matches no label of node ${node.name}.`
  }
  const taint = node.taints.find(
    (taint) => taint.effect !== 'PreferNoSchedule' && !isTolerated(taint, spec.tolerations),
  )
  if (taint) return `node ${node.name} has the taint ${taint.key}:${taint.effect}, which the pod does not tolerate.`
  return undefined
}

function describeLabel(node: NodeFacts, key: string): string {
  const value = node.labels[key]
  return value === undefined ? `no label ${key}` : `${key}=${value}`
}

/** Terms are alternatives; within a term everything must hold. An empty term matches nothing. */
function termMatches(term: NodeSelectorTerm, node: NodeFacts): boolean {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  if (expressions.length + fields.length === 0) return false
  return (
    expressions.every((requirement) => requirementMatches(requirement, node.labels[requirement.key])) &&
    fields.every((requirement) => requirement.key === 'metadata.name' && requirementMatches(requirement, node.name))
  )
}

function requirementMatches({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0])
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0])
  }
}

/**
 * The taints `node.kubernetes.io/…` tell schedulers what the kubelet reports about its node. Here both are this process,
 * and it is running, so those are not looked at.
 */
function isTolerated(taint: NodeFacts['taints'][number], tolerations: readonly Toleration[] = []): boolean {
  if (taint.key.startsWith('node.kubernetes.io/') && taint.key !== 'node.kubernetes.io/unschedulable') return true
  return tolerations.some(
    (toleration) =>
      (!toleration.effect || toleration.effect === taint.effect) &&
      (toleration.key === undefined || toleration.key === '' || toleration.key === taint.key) &&
      (toleration.operator === 'Exists' || (toleration.value ?? '') === (taint.value ?? '')),
  )
}
