import type { Clock, Log } from '@millrace/kube'
import type { PodRunnerTiming } from './pod-runner-timing.ts'
import type { ResolveImage } from './prepare-launch.ts'

export interface PodRunnerOptions {
  /** Everything that pods have on disk is below this directory; it is made if missing. */
  readonly dataDir: string
  /** Without a program there is ErrImageNeverPull, a kubelet's word for an image that is not there and is not looked for. */
  readonly resolveImage: ResolveImage
  /** Shared with the API server: who shows it may read logs. */
  readonly kubeletToken: string
  /** Default `millrace`. */
  readonly nodeName?: string
  /** Default 0: a free port. */
  readonly kubeletPort?: number
  /** HTTP proxy through which pods reach cluster names: the gateway. */
  readonly proxyUrl?: string
  /** Where pods get their addresses from, inside of 127.0.0.0/8; default 127.64.0.0/10. */
  readonly podCIDR?: string
  /** `per-pod` needs Linux; default by system. */
  readonly addresses?: 'per-pod' | 'shared'
  /** Tell pods' addresses as a real Kubernetes takes them: see `publishedAddress`. */
  readonly publishReserved?: boolean
  readonly podsMax?: number
  /** The environment of this process, of which pods get a few harmless variables. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly timing?: Partial<PodRunnerTiming>
  readonly clock?: Clock
  readonly log?: Log
}

/** What one pod uses now. */
export interface PodUsage {
  readonly cpuMillicores: number
  readonly memoryBytes: number
}

export interface PodRunner {
  readonly nodeName: string
  readonly kubeletPort: number
  /** By pod uid; pods that have not been measured yet are absent. */
  usage(): Promise<ReadonlyMap<string, PodUsage>>
  /** Ends every process that it started, at the latest when the close grace is over. The API's objects stay. */
  close(): Promise<void>
}
