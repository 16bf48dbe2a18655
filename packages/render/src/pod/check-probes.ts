import type { Container, Probe } from '@millrace/api'

const handlers = ['httpGet', 'tcpSocket', 'exec', 'grpc'] as const
const portMax = 65_535

/** What Kubernetes would refuse in the probes of a container, as the end of a sentence. */
export function checkProbes({ name, readinessProbe, livenessProbe, startupProbe }: Container): string | undefined {
  const probes = { readinessProbe, livenessProbe, startupProbe }
  for (const [field, probe] of Object.entries(probes)) {
    const why = probe && checkProbe(probe, field)
    if (why) return `the ${field} of container "${name}" ${why}`
  }
  return undefined
}

function checkProbe(probe: Probe, field: string): string | undefined {
  const given = handlers.filter((handler) => probe[handler])
  if (given.length === 0) return `asks nothing: add one of ${handlers.join(', ')}`
  if (given.length > 1) return `asks in several ways (${given.join(', ')}): keep one of them`
  const port = probe.httpGet?.port ?? probe.tcpSocket?.port ?? probe.grpc?.port
  if (typeof port === 'number' && (port < 1 || port > portMax))
    return `has port ${port}: write one from 1 to ${portMax}`
  const { successThreshold = 1 } = probe
  if (field !== 'readinessProbe' && successThreshold !== 1)
    return `has successThreshold ${successThreshold}: only a readinessProbe can have another than 1`
  return undefined
}
