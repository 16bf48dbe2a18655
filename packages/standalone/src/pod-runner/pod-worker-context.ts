import type { Client, Clock, KubeObject, Log } from '@millrace/kube'
import type { AddressBook } from './address-book.ts'
import type { ObjectSource } from './object-source.ts'
import type { Pod } from './pod.ts'
import type { PodRunnerTiming } from './pod-runner-timing.ts'
import type { ResolveImage } from './prepare-launch.ts'
import type { ProcessLedger } from './process-ledger.ts'
import type { TokenSource } from './token-source.ts'
import type { UsageSampler } from './usage-sampler.ts'

/** What all pods of a runner share. */
export interface PodWorkerContext {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly timing: PodRunnerTiming
  readonly dataDir: string
  readonly bootId: string | undefined
  readonly nodeName: string
  readonly hostIP: string
  /** As others are told it. */
  readonly published: (podIP: string) => string
  readonly allocatable: Readonly<Record<string, number>>
  readonly addresses: AddressBook
  readonly objects: ObjectSource
  readonly tokens: TokenSource
  readonly ledger: ProcessLedger
  readonly usage: UsageSampler
  readonly resolveImage: ResolveImage
  readonly platformEnv: Readonly<Record<string, string>>
  readonly fixedEnv: Readonly<Record<string, string>>
  readonly claimPlace: VolumeClaims
  readonly onEvent: (pod: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string) => void
  /** The API's answer to a status write. */
  readonly onWritten: (pod: Pod) => void
}

type VolumeClaims = (namespace: string, claim: string) => Promise<{ place: string } | { message: string }>
