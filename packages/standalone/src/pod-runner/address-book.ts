import { createServer } from 'node:net'
import { localAddress } from '../published-address.ts'
import { type AddressRange, addressCandidates } from './pod-address.ts'
import { type Pod, type PodIdentity, podIdentity } from './pod.ts'
import { wildcardListener } from './wildcard-listener.ts'

export type AddressResult = { readonly ip: string } | { readonly message: string }

/** Who has which address. */
export interface AddressBook {
  /** The address for the pod: the one it had before if possible, else a free one. Asking again gives the same. */
  take(pod: Pod): Promise<AddressResult>
  release(pod: PodIdentity): void
}

const candidatesMax = 64

/**
 * One address of `range` for every pod. Another platform on this machine may use the same range, so an address counts
 * as free only when the pod's ports can be listened on.
 */
export function perPodAddresses(range: AddressRange, hostIP: string, seed: string): AddressBook {
  const takenBy = new Map<string, string>()
  const addressOf = new Map<string, string>()
  return {
    async take(pod) {
      if (pod.spec.hostNetwork) return { ip: hostIP }
      const { namespace, name, uid } = podIdentity(pod)
      const known = addressOf.get(uid)
      if (known !== undefined) return { ip: known }
      let tries = 0
      const before = pod.status?.podIP && localAddress(pod.status.podIP)
      for (const ip of addressCandidates(range, `${seed}/${namespace}/${name}`, before)) {
        if (takenBy.has(ip)) continue
        if ((tries += 1) > candidatesMax) break
        takenBy.set(ip, uid)
        if (await canListen(ip, tcpPorts(pod))) {
          addressOf.set(uid, ip)
          return { ip }
        }
        takenBy.delete(ip)
      }
      return { message: noAddress(tcpPorts(pod)) }
    },
    release({ uid }) {
      const ip = addressOf.get(uid)
      addressOf.delete(uid)
      if (ip !== undefined) takenBy.delete(ip)
    },
  }
}

function noAddress(ports: readonly number[]): string {
  for (const port of ports) {
    const holder = wildcardListener(port)
    if (holder !== undefined) {
      return `port ${port} is taken on every address of this machine by ${holder}: let it listen on one address alone (a pod's program on $MILLRACE_BIND_ADDRESS), or end it.`
    }
  }
  return `no free address was found for the pod among ${candidatesMax}: other programs listen on its ports; end them, or give the pod other ports.`
}

/**
 * One address for all pods: where the system answers only on 127.0.0.1 (macOS). Two pods cannot have the same port then,
 * so the second one is told, by name, whom it has to wait for.
 */
export function sharedAddress(hostIP: string): AddressBook {
  const holders = new Map<number, { readonly uid: string; readonly name: string }>()
  return {
    async take(pod) {
      const { namespace, name, uid } = podIdentity(pod)
      for (const port of tcpPorts(pod)) {
        const holder = holders.get(port)
        if (!holder || holder.uid === uid) continue
        return {
          message: `port ${port} is used by pod ${holder.name}: on this system all pods share ${hostIP}, so give this one another port, or delete that pod. (On Linux every pod has an address of its own.)`,
        }
      }
      for (const port of tcpPorts(pod)) holders.set(port, { uid, name: `${namespace}/${name}` })
      return { ip: hostIP }
    },
    release({ uid }) {
      for (const [port, holder] of holders) if (holder.uid === uid) holders.delete(port)
    },
  }
}

function tcpPorts(pod: Pod): number[] {
  return pod.spec.containers.flatMap((container) =>
    (container.ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP').map((port) => port.containerPort),
  )
}

/** Without ports to try, some port: the address itself has to exist. */
async function canListen(ip: string, ports: readonly number[]): Promise<boolean> {
  for (const port of ports.length > 0 ? ports : [0]) if (!(await canListenOn(ip, port))) return false
  return true
}

/** A port that only root may open says nothing about the address. */
function canListenOn(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EACCES'))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
