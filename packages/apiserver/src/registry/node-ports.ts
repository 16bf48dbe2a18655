import { randomInt } from 'node:crypto'
import type { FieldError } from '../schema/field-error.ts'
import { invalid as invalidField } from '../schema/field-error.ts'

export interface ServicePort {
  readonly port?: number
  readonly protocol?: string
  readonly nodePort?: number
}

/** The fields of a Service's spec that node ports depend on. */
export interface NodePortSpec {
  readonly type?: string
  readonly ports?: readonly ServicePort[]
  readonly externalTrafficPolicy?: string
  readonly allocateLoadBalancerNodePorts?: boolean
  readonly healthCheckNodePort?: number
}

/** The default of kube-apiserver's --service-node-port-range; the lowest are left for wishes. */
const portMin = 30_000
const portMax = 32_767
const dynamicMin = 30_086

export interface NodePortTable {
  /** Remembers what a stored Service holds. */
  note(spec: NodePortSpec): void
  release(spec: NodePortSpec): void
  /** The spec with a port where one is needed, or why that cannot be. */
  complete<T extends NodePortSpec>(spec: T, old: NodePortSpec | undefined): T | FieldError
}

export function createNodePortTable(): NodePortTable {
  const used = new Set<string>()
  const keyOf = (port: number, protocol = 'TCP'): string => `${port}/${protocol}`

  const pick = (protocol: string | undefined, taken: ReadonlySet<string>): number | undefined => {
    const count = portMax - dynamicMin + 1
    const start = randomInt(count)
    for (let step = 0; step < count; step++) {
      const port = dynamicMin + ((start + step) % count)
      const key = keyOf(port, protocol)
      if (!used.has(key) && !taken.has(key)) return port
    }
    return undefined
  }

  return {
    note: (spec) => {
      for (const key of heldBy(spec, keyOf)) used.add(key)
    },
    release: (spec) => {
      for (const key of heldBy(spec, keyOf)) used.delete(key)
    },
    complete: (spec, old) => {
      const needsCheck = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'
      const checkPort = needsCheck ? spec.healthCheckNodePort || pick('TCP', new Set()) : 0
      const checked = checkPort ? { ...spec, healthCheckNodePort: checkPort } : spec
      if (!needsNodePorts(spec)) return checked
      const own = new Set(old ? heldBy(old, keyOf) : [])
      const taken = new Set(checkPort ? [keyOf(checkPort)] : [])
      const ports: ServicePort[] = []
      for (const [index, port] of (spec.ports ?? []).entries()) {
        const wanted = port.nodePort
        const key = wanted && keyOf(wanted, port.protocol)
        const path = `spec.ports[${index}].nodePort`
        if (key && used.has(key) && !own.has(key)) {
          return invalidField(path, wanted, 'provided port is already allocated')
        }
        if (wanted && (wanted < portMin || wanted > portMax)) {
          const range = `The range of valid ports is ${portMin}-${portMax}`
          return invalidField(path, wanted, `provided port is not in the valid range. ${range}`)
        }
        const nodePort = wanted || pick(port.protocol, taken)
        if (!nodePort) return invalidField(path, 0, 'failed to allocate a nodePort: range is full')
        taken.add(keyOf(nodePort, port.protocol))
        ports.push({ ...port, nodePort })
      }
      return { ...checked, ports }
    },
  }
}

function needsNodePorts(spec: NodePortSpec): boolean {
  return spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)
}

function heldBy(spec: NodePortSpec, keyOf: (port: number, protocol?: string) => string): readonly string[] {
  const held = (spec.ports ?? []).flatMap(({ nodePort, protocol }) => (nodePort ? [keyOf(nodePort, protocol)] : []))
  return spec.healthCheckNodePort ? [...held, keyOf(spec.healthCheckNodePort)] : held
}
