import type { InferenceGraph, InferenceRouter } from '../kinds/inference-graph.ts'
import { type CheckContext, gatherFindings, modeOf, type Reporter } from './check-context.ts'
import type { Finding } from './finding.ts'
import { nearName } from './near-name.ts'
import { checkReplicas } from './rules/scaling-rules.ts'
import { checkScaleAnnotations, checkScaleBounds } from './rules/scale-annotation-rules.ts'
import { checkHostName } from './rules/service-rules.ts'

const rootName = 'root'
const targets = ['nodeName', 'serviceName', 'serviceUrl'] as const

/** What the schema cannot say about an InferenceGraph. */
export function checkInferenceGraph(graph: InferenceGraph, context: CheckContext = {}): Finding[] {
  const nodes = graph.spec.nodes
  const { annotations = {} } = graph.metadata
  const isKnative = modeOf(annotations, context) === 'Knative'
  return gatherFindings((report) => {
    checkHostName(graph.metadata.name, report)
    checkReplicas(graph.spec, ['spec'], report)
    checkScaleAnnotations(annotations, ['metadata'], isKnative, report)
    if (isKnative) checkScaleBounds({ path: ['spec'], service: annotations, ...replicasOf(graph) }, report)
    if (!Object.hasOwn(nodes, rootName)) {
      const near = nearName(rootName, Object.keys(nodes))
      const advice = near === undefined ? 'add it' : `is ${JSON.stringify(near)} meant?`
      report.error(['spec', 'nodes', rootName], 'graph-root', `is required, because requests come in there: ${advice}`)
    }
    for (const [name, node] of Object.entries(nodes)) checkNode(name, node, nodes, report)
    checkCycles(nodes, report)
  })
}

function replicasOf({ spec: { minReplicas, maxReplicas } }: InferenceGraph) {
  return { minReplicas, maxReplicas }
}

type Nodes = Readonly<Record<string, InferenceRouter>>

function checkNode(name: string, node: InferenceRouter, nodes: Nodes, report: Reporter): void {
  const path = ['spec', 'nodes', name, 'steps']
  const names = new Map<string, number>()
  for (const [index, step] of (node.steps ?? []).entries()) {
    const place = [...path, index]
    const set = targets.filter((field) => step[field])
    if (set.length === 0) report.error(place, 'step-target', `has no target: set one of ${targets.join(', ')}`)
    if (set.length > 1) report.error(place, 'step-target', `sets ${set.join(' and ')}: keep one of them`)
    if (step.nodeName && !Object.hasOwn(nodes, step.nodeName)) {
      const near = nearName(step.nodeName, Object.keys(nodes))
      const message = `there is no node ${JSON.stringify(step.nodeName)}${near === undefined ? '' : `: did you mean ${JSON.stringify(near)}?`}`
      const options = near === undefined ? { value: step.nodeName } : { value: step.nodeName, suggestion: near }
      report.error([...place, 'nodeName'], 'step-node', message, options)
    }
    const first = step.name ? names.get(step.name) : undefined
    if (first !== undefined) {
      const message = `is the name of step ${first} too: choose another`
      report.error([...place, 'name'], 'step-name', message, { value: step.name })
    } else if (step.name) names.set(step.name, index)
  }
  if (node.routerType === 'Splitter') checkWeights(node, path, report)
}

function checkWeights(node: InferenceRouter, path: readonly (string | number)[], report: Reporter): void {
  let total = 0
  for (const [index, { weight }] of (node.steps ?? []).entries()) {
    if (weight === undefined) {
      report.error([...path, index, 'weight'], 'step-weight', 'is required in a Splitter: say how many percent it gets')
    } else if (weight < 0) {
      report.error([...path, index, 'weight'], 'step-weight', 'must not be below 0', { value: weight })
    }
    total += weight ?? 0
  }
  if (total === 100) return
  report.error(path, 'weights-sum', `the weights are ${total} together: a Splitter needs 100`, { value: total })
}

/** A node that leads back to itself would never answer. One finding per cycle, at the step that closes it. */
function checkCycles(nodes: Nodes, report: Reporter): void {
  const done = new Set<string>()
  const walk = (name: string, trail: readonly string[]): void => {
    done.add(name)
    for (const [index, { nodeName }] of (nodes[name]?.steps ?? []).entries()) {
      if (!nodeName || !Object.hasOwn(nodes, nodeName)) continue
      const open = [...trail, name]
      const at = open.indexOf(nodeName)
      if (at >= 0) {
        const circle = [...open.slice(at), nodeName].join(' → ')
        const message = `leads in a circle: ${circle}; a request would never come out`
        report.error(['spec', 'nodes', name, 'steps', index, 'nodeName'], 'graph-cycle', message, { value: nodeName })
      } else if (!done.has(nodeName)) walk(nodeName, open)
    }
  }
  for (const name of Object.keys(nodes)) if (!done.has(name)) walk(name, [])
}
