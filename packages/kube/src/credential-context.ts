import type { Clock } from './clock.ts'
import type { KubeconfigEntry } from './kubeconfig.ts'

export interface CredentialContext {
  readonly cluster: KubeconfigEntry
  readonly server: string
  readonly authority: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
}
