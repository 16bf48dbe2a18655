import { type Client, type KubeObject, resources } from '@millrace/kube'
import { find } from '../wait.ts'

interface Lease extends KubeObject {
  spec?: { readonly holderIdentity?: string; readonly renewTime?: string; readonly leaseDurationSeconds?: number }
}

/** True while a Kubernetes component of that name holds its lease: then this machine does not do its work a second time. */
export async function holdsLease(client: Client, component: string, nowMs: number): Promise<boolean> {
  const lease: Lease | undefined = await find(client, resources.leases, { namespace: 'kube-system', name: component })
  const { holderIdentity, renewTime, leaseDurationSeconds = 15 } = lease?.spec ?? {}
  if (!holderIdentity || renewTime === undefined) return false
  return Date.parse(renewTime) + leaseDurationSeconds * 2 * 1000 > nowMs
}
