import type { Store } from '../store/store.ts'
import type { ResolveService } from './post-webhook.ts'

interface ServicePort {
  readonly name?: string
  readonly port: number
  readonly targetPort?: number | string
}

interface Service {
  readonly spec?: {
    readonly type?: string
    readonly externalName?: string
    readonly ports?: readonly ServicePort[]
  }
}

interface EndpointSlice {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> }
  readonly endpoints?: readonly {
    readonly addresses: readonly string[]
    readonly conditions?: { readonly ready?: boolean }
  }[]
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[]
}

/** Finds a ready endpoint of a Service in the stored EndpointSlices. */
export function createServiceResolver(store: Store): ResolveService {
  return (namespace, name, port) => {
    const entry = store.get('services', `${namespace}/${name}`)
    if (!entry) throw new Error(`service ${namespace}/${name} not found`)
    const { spec = {} } = JSON.parse(entry.value) as Service
    if (spec.type === 'ExternalName' && spec.externalName) return { host: spec.externalName, port }
    const servicePort = spec.ports?.find((candidate) => candidate.port === port)
    if (!servicePort) throw new Error(`no service port ${port} found for service ${namespace}/${name}`)
    const prefix = `${namespace}/`
    for (const { value } of store.list('endpointslices.discovery.k8s.io', { prefix }).entries) {
      const slice = JSON.parse(value) as EndpointSlice
      if (slice.metadata.labels?.['kubernetes.io/service-name'] !== name) continue
      const target = slice.ports?.find((candidate) => (candidate.name ?? '') === (servicePort.name ?? ''))?.port
      const address = slice.endpoints?.find(({ conditions }) => conditions?.ready !== false)?.addresses[0]
      if (target !== undefined && address !== undefined) return { host: address, port: target }
    }
    throw new Error(`no endpoints available for service ${namespace}/${name}`)
  }
}
