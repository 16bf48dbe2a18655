import type { ClusterConfig } from '@millrace/api'
import type { Knative } from '@millrace/render'

/** A part that changes by itself: a key of `inferenceservice-config`, or Knative's own settings. */
export type SettingsPart = keyof ClusterConfig | 'knative'

/** The settings for one run. */
export interface OpenSettings {
  readonly config: ClusterConfig
  readonly knative: () => Knative
  /** The run has come to its end: what it looked at is all that it depends on. */
  close(): void
}

/** Which parts of the settings each of our objects depends on: those that its last run looked at. */
export interface SettingsUse {
  open(key: string, config: ClusterConfig, knative: () => Knative): OpenSettings
  /** Whether a change of any of the parts may matter. What has not been run to its end depends on everything. */
  isUser(key: string, parts: readonly SettingsPart[]): boolean
  forget(key: string): void
}

export function createSettingsUse(): SettingsUse {
  /** A bit for each part, in the order in which they were first looked at. */
  const bits = new Map<string, number>()
  const used = new Map<string, number>()
  const bitOf = (part: string): number => {
    const known = bits.get(part)
    if (known !== undefined) return known
    const bit = 2 ** bits.size
    bits.set(part, bit)
    return bit
  }
  return {
    open: (key, config, knative) => {
      // Until the end it is not known what the run will look at, and a change may come at any time.
      used.delete(key)
      let seen = 0
      const see = (part: string | symbol) => {
        if (typeof part === 'string') seen |= bitOf(part)
      }
      return {
        config: new Proxy(config, {
          get: (target, part) => {
            see(part)
            return Reflect.get(target, part)
          },
        }),
        knative: () => {
          see('knative')
          return knative()
        },
        close: () => void used.set(key, seen),
      }
    },
    isUser: (key, parts) => {
      const seen = used.get(key)
      return seen === undefined || parts.some((part) => (seen & bitOf(part)) !== 0)
    },
    forget: (key) => void used.delete(key),
  }
}
