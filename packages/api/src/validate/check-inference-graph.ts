import type { InferenceGraph, InferenceRouter } from '../kinds/inference-graph.ts'
import { checkFieldsByMode } from '../modes/check-fields-by-mode.ts'
import { type CheckContext, gatherFindings, modeOf, type Reporter } from './check-context.ts'
import type { Finding } from './finding.ts'
import { conditionProblem } from './rules/step-condition.ts'
import { checkAutoscalerClass } from './rules/scaling-rules.ts'
import { checkDeploymentMode } from './rules/service-rules.ts'
import { checkScaleAnnotations, checkScaleBounds } from './rules/scale-annotation-rules.ts'

/** What neither the schema nor the rules in it can say about an InferenceGraph. */
export function checkInferenceGraph(graph: InferenceGraph, context: CheckContext = {}): Finding[] {
  const { nodes, minReplicas, maxReplicas } = graph.spec
  const { annotations = {} } = graph.metadata
  const mode = modeOf(annotations, context)
  return gatherFindings((report) => {
    checkDeploymentMode({ name: graph.metadata.name, annotations, old: context.old }, report)
    if (mode === 'Standard') checkAutoscalerClass(annotations, report)
    checkFieldsByMode(graph, mode, report)
    if (mode === 'Knative') {
      checkScaleAnnotations(annotations, ['metadata'], report)
      checkScaleBounds({ path: ['spec'], service: annotations, minReplicas, maxReplicas }, report)
    }
    for (const [name, node] of Object.entries(nodes)) {
      checkStepNames(name, node, report)
      for (const index of node.steps?.keys() ?? [])
        checkCondition(node, index, ['spec', 'nodes', name, 'steps'], report)
    }
    checkCycles(nodes, report)
  })
}

type Nodes = Readonly<Record<string, InferenceRouter>>

function checkStepNames(name: string, node: InferenceRouter, report: Reporter): void {
  const names = new Map<string, number>()
  for (const [index, step] of (node.steps ?? []).entries()) {
    const first = step.name ? names.get(step.name) : undefined
    if (first !== undefined) {
      const message = `is the name of step ${first} too: choose another`
      const place = ['spec', 'nodes', name, 'steps', index, 'name']
      report.error(place, 'step-name', message, { value: step.name })
    } else if (step.name) names.set(step.name, index)
  }
}

/** Only the steps of a Switch or a Sequence have conditions that are looked at. */
function checkCondition(node: InferenceRouter, index: number, steps: readonly string[], report: Reporter): void {
  const condition = node.steps?.[index]?.condition
  const place = [...steps, index, 'condition']
  if (condition === undefined || condition === '') {
    if (node.routerType !== 'Switch') return
    report.warn(place, 'step-condition', 'is missing: this step of a Switch is never taken')
    return
  }
  const problem = conditionProblem(condition)
  const isRead = node.routerType === 'Switch' || node.routerType === 'Sequence'
  if (problem) report.error(place, 'step-condition', `${problem}: correct the GJSON path`, { value: condition })
  else if (!isRead) report.warn(place, 'step-condition', `is not looked at in a ${node.routerType}: use a Switch`)
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
