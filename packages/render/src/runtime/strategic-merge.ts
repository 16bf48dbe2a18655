/**
 * Kubernetes' strategic merge, for the two types that a runtime and a service have in common: Container and PodSpec.
 * Objects merge field by field, lists with a merge key item by item, all other lists are replaced.
 * Source: patchMergeKey markers of core/v1 and apimachinery's strategicpatch.
 */
import type { Container, PodSpec } from '@millrace/api'

type Json = Readonly<Record<string, unknown>>

/** Field name → merge key, and the table of the items' own fields. A field that is not listed is replaced when it is a list. */
interface MergeKeys {
  readonly [field: string]: {
    readonly key?: string
    /** Of an item's fields only those stay that the overlay has: a volume has one source. */
    readonly retainsKeys?: boolean
    readonly fields?: MergeKeys
  }
}

const containerKeys: MergeKeys = {
  env: { key: 'name' },
  ports: { key: 'containerPort' },
  volumeMounts: { key: 'mountPath' },
  volumeDevices: { key: 'devicePath' },
}

const podKeys: MergeKeys = {
  containers: { key: 'name', fields: containerKeys },
  initContainers: { key: 'name', fields: containerKeys },
  ephemeralContainers: { key: 'name', fields: containerKeys },
  volumes: { key: 'name', retainsKeys: true, fields: { projected: {} } },
  imagePullSecrets: { key: 'name' },
  hostAliases: { key: 'ip' },
  topologySpreadConstraints: { key: 'topologyKey' },
  resourceClaims: { key: 'name' },
}

/**
 * Puts a service's container over its runtime's. Arguments are appended to the runtime's, the name stays the runtime's
 * unless the service gives one, and a variable that the overlay sets by value loses the runtime's reference, and vice versa.
 */
export function mergeContainer(base: Container, overlay: Partial<Container>): Container {
  const merged = mergeObject(base as unknown as Json, overlay as unknown as Json, containerKeys) as unknown as Container
  const args = [...(base.args ?? []), ...(overlay.args ?? [])]
  const probes = settleProbes(merged, overlay)
  const env = merged.env?.map((variable) => settleEnv(variable, overlay.env))
  return {
    ...merged,
    ...probes,
    name: overlay.name ? overlay.name : base.name,
    ...(args.length > 0 ? { args } : {}),
    ...(env ? { env } : {}),
  }
}

/** As `mergeContainer`, for a container whose arguments replace the base's. */
export function overlayContainer(base: Container, overlay: Partial<Container>): Container {
  const merged = mergeContainer(base, overlay)
  return overlay.args ? { ...merged, args: overlay.args } : { ...merged, ...(base.args ? { args: base.args } : {}) }
}

export function mergePodSpec(base: Partial<PodSpec>, overlay: Partial<PodSpec>): PodSpec {
  const merged = mergeObject(base as unknown as Json, overlay as unknown as Json, podKeys)
  return { containers: [], ...merged } as unknown as PodSpec
}

/** Puts fields over others, objects field by field; lists are replaced. */
export function overlayFields<T extends object>(base: T, overlay: Partial<T>): T {
  return mergeObject(base as unknown as Json, overlay as unknown as Json, {}) as unknown as T
}

const probeFields = ['readinessProbe', 'livenessProbe', 'startupProbe'] as const
const handlers = ['httpGet', 'tcpSocket', 'exec', 'grpc'] as const

/** A probe has one handler: the overlay's takes the place of the base's, whatever kind it is. */
function settleProbes(merged: Container, overlay: Partial<Container>): Partial<Container> {
  const settled: { [K in (typeof probeFields)[number]]?: NonNullable<Container[K]> } = {}
  for (const field of probeFields) {
    const [probe, own] = [merged[field], overlay[field]]
    if (!probe || !own || !handlers.some((handler) => own[handler])) continue
    const others = handlers.filter((handler) => !own[handler])
    settled[field] = Object.fromEntries(Object.entries(probe).filter(([key]) => !others.some((other) => other === key)))
  }
  return settled
}

type Variable = NonNullable<Container['env']>[number]

function settleEnv(variable: Variable, overlay: Container['env']): Variable {
  if (!variable.value || !variable.valueFrom) return variable
  const own = overlay?.find((candidate) => candidate.name === variable.name)
  if (!own) return variable
  const { value, valueFrom, ...rest } = variable
  return own.valueFrom ? { ...rest, valueFrom } : { ...rest, value }
}

function mergeObject(base: Json, overlay: Json, keys: MergeKeys): Json {
  const merged: Record<string, unknown> = { ...base }
  for (const [field, value] of Object.entries(overlay)) {
    if (value === undefined) continue
    if (value === null) delete merged[field]
    else merged[field] = mergeValue(merged[field], value, keys[field])
  }
  return merged
}

function mergeValue(base: unknown, overlay: unknown, rule: MergeKeys[string] | undefined): unknown {
  if (Array.isArray(overlay)) {
    if (!Array.isArray(base) || !rule?.key) return overlay
    return mergeList(base, overlay, rule.key, rule)
  }
  if (isObject(overlay) && isObject(base)) return mergeObject(base, overlay, rule?.fields ?? {})
  return overlay
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Items of the overlay keep their order, so do the base's own; where the two have no order between them the overlay's
 * come first. (Port 0 of a container is the one that a Service points at, so this order shows.)
 */
function mergeList(
  base: readonly unknown[],
  overlay: readonly unknown[],
  key: string,
  { retainsKeys = false, fields = {} }: MergeKeys[string],
): unknown[] {
  const keyOf = (item: unknown) => (isObject(item) ? item[key] : undefined)
  const baseOrder = base.map(keyOf)
  const overlayKeys = new Set(overlay.map(keyOf))
  const fromOverlay = overlay.map((item) => {
    const found = base[baseOrder.indexOf(keyOf(item))]
    return mergeValue(retainsKeys ? retained(found, item) : found, item, { fields })
  })
  const onlyBase = base.filter((item) => !overlayKeys.has(keyOf(item)))
  const result: unknown[] = []
  let left = 0
  let right = 0
  while (left < onlyBase.length || right < fromOverlay.length) {
    const leftAt = baseOrder.indexOf(keyOf(onlyBase[left]))
    const rightAt = baseOrder.indexOf(keyOf(fromOverlay[right]))
    const takeLeft = right >= fromOverlay.length || (left < onlyBase.length && rightAt >= 0 && leftAt < rightAt)
    if (takeLeft) {
      result.push(onlyBase[left])
      left += 1
    } else {
      result.push(fromOverlay[right])
      right += 1
    }
  }
  return result
}

function retained(base: unknown, overlay: unknown): unknown {
  if (!isObject(base) || !isObject(overlay)) return base
  return Object.fromEntries(Object.entries(base).filter(([field]) => field in overlay))
}
