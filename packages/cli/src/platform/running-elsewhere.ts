import { type Client, type KubeObject, resources } from '@millrace/kube'
import { find } from '../wait.ts'

interface Lease extends KubeObject {
  spec?: { readonly holderIdentity?: string; readonly renewTime?: string; readonly leaseDurationSeconds?: number }
}

/**
 * True where Kubernetes' own kube-controller-manager looks after Deployments, endpoints and garbage: then this machine does not
 * do its work a second time. It is known by its lease, and where it runs alone and has none, by what it puts into each namespace.
 */
export async function hasControllerManager(client: Client, nowMs: number): Promise<boolean> {
  const published = { namespace: 'default', name: 'kube-root-ca.crt' }
  const traces = [holdsLease(client, nowMs), find(client, resources.configMaps, published).then(Boolean)]
  return (await Promise.all(traces)).some(Boolean)
}

async function holdsLease(client: Client, nowMs: number): Promise<boolean> {
  const place = { namespace: 'kube-system', name: 'kube-controller-manager' }
  const lease: Lease | undefined = await find(client, resources.leases, place)
  const { holderIdentity, renewTime, leaseDurationSeconds = 15 } = lease?.spec ?? {}
  if (!holderIdentity || renewTime === undefined) return false
  return Date.parse(renewTime) + leaseDurationSeconds * 2 * 1000 > nowMs
}
