import { nearName } from '../validate/near-name.ts'
import { type Fault, rule, ruleOf } from './schema.ts'

interface Step {
  readonly name?: string
  readonly nodeName?: string
  readonly serviceName?: string
  readonly serviceUrl?: string
  readonly weight?: number
}
interface Node {
  readonly routerType: string
  readonly steps?: readonly Step[]
}
type Nodes = Readonly<Record<string, Node>>

const rootName = 'root'
const targets = ['nodeName', 'serviceName', 'serviceUrl'] as const

export const oneTarget = rule<Step>({
  name: 'step-target',
  message: `must set one of ${targets.join(', ')}`,
  holds: (step) => targetsOf(step).length === 1,
  say: (step) => {
    const set = targetsOf(step)
    return set.length === 0
      ? `has no target: set one of ${targets.join(', ')}`
      : `sets ${set.join(' and ')}: keep one of them`
  },
})

function targetsOf(step: Step): readonly string[] {
  return targets.filter((field) => step[field])
}

export const rootNode = rule<Nodes>({
  name: 'graph-root',
  cel: `'${rootName}' in self`,
  message: `needs a node called ${rootName}, because requests come in there`,
  advice: 'add it',
  field: rootName,
  holds: (nodes) => Object.hasOwn(nodes, rootName),
  say: (nodes) => {
    const near = nearName(rootName, Object.keys(nodes))
    const advice = near === undefined ? 'add it' : `is ${JSON.stringify(near)} meant?`
    return `is required, because requests come in there: ${advice}`
  },
})

export const nodesLead = ruleOf<Nodes>({
  name: 'step-node',
  message: 'has a step whose nodeName is no node of this graph: correct it',
  faults: (nodes) => Object.entries(nodes).flatMap(([name, node]) => deadEnds(name, node, nodes)),
})

function deadEnds(name: string, node: Node, nodes: Nodes): Fault[] {
  return (node.steps ?? []).flatMap(({ nodeName }, index) => {
    if (!nodeName || Object.hasOwn(nodes, nodeName)) return []
    const near = nearName(nodeName, Object.keys(nodes))
    const advice = near === undefined ? '' : `: did you mean ${JSON.stringify(near)}?`
    const message = `there is no node ${JSON.stringify(nodeName)}${advice}`
    const path = [name, 'steps', index, 'nodeName']
    return [{ path, message, value: nodeName, ...(near === undefined ? {} : { suggestion: near }) }]
  })
}

export const weightsSet = ruleOf<Node>({
  name: 'step-weight',
  message: 'a Splitter needs a weight of 0 or more in each step: say how many percent it gets',
  faults: ({ routerType, steps = [] }) =>
    routerType !== 'Splitter'
      ? []
      : steps.flatMap(({ weight }, index) => {
          const path = ['steps', index, 'weight']
          if (weight === undefined)
            return [{ path, message: 'is required in a Splitter: say how many percent it gets' }]
          return weight < 0 ? [{ path, message: 'must not be below 0', value: weight }] : []
        }),
})

export const weightsSum = rule<Node>({
  name: 'weights-sum',
  message: 'the weights of a Splitter must be 100 together',
  field: 'steps',
  holds: (node) => node.routerType !== 'Splitter' || weightOf(node) === 100,
  say: (node) => `the weights are ${weightOf(node)} together: a Splitter needs 100`,
})

function weightOf({ steps = [] }: Node): number {
  return steps.reduce((sum, { weight = 0 }) => sum + weight, 0)
}
