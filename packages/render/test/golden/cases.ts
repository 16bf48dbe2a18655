import { readdirSync, readFileSync } from 'node:fs'
import type { KubeObject } from '@millrace/kube'

const folder = new URL('../testdata/golden/', import.meta.url)

export interface Action {
  readonly do: 'create' | 'patch' | 'delete' | 'status' | 'podStatus' | 'config' | 'crds' | 'restart'
  readonly apiVersion?: string
  readonly kind?: string
  readonly name?: string
  readonly body?: Record<string, unknown>
  readonly object?: KubeObject
  readonly status?: Record<string, unknown>
  readonly data?: Readonly<Record<string, string | null>>
  readonly groups?: readonly string[]
}

export interface Snapshot {
  readonly primary?: Readonly<Record<string, KubeObject>>
  readonly objects?: Readonly<Record<string, KubeObject>>
  readonly pods?: Readonly<Record<string, KubeObject & { readonly error?: unknown }>>
  readonly unstable?: boolean
  readonly events?: readonly {
    readonly reason?: string
    readonly message?: string
    readonly kind?: string
    readonly name?: string
  }[]
}

export interface Refusal {
  readonly code: number
  readonly message: string
  readonly inputIndex?: number
}

export interface Case {
  readonly case: string
  readonly topic: string
  readonly profile: string
  readonly namespace: string
  readonly configOverrides: Readonly<Record<string, unknown>>
  readonly input: readonly KubeObject[]
  readonly error?: Refusal
  readonly expect?: Snapshot
  readonly steps?: readonly {
    readonly actions: readonly Action[]
    readonly expect?: Snapshot
    readonly error?: Refusal
  }[]
  readonly options?: { readonly queueProxy?: boolean; readonly pods?: boolean }
  readonly crds?: readonly string[]
  readonly noConfigMap?: boolean
}

export interface Profile {
  readonly config: Readonly<Record<string, unknown>>
  readonly crds: readonly string[]
  readonly knativeConfig?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly objects?: readonly KubeObject[]
}

interface Profiles {
  readonly baseConfig: Readonly<Record<string, unknown>>
  readonly profiles: Readonly<Record<string, Profile>>
}

export const profiles = JSON.parse(readFileSync(new URL('profiles.json', folder), 'utf8')) as Profiles

export function profileNames(): readonly string[] {
  return Object.keys(profiles.profiles)
}

/** The cases of one profile; none where the profile has no file. */
export function casesOf(profile: string): readonly Case[] {
  const name = `${profile}.jsonl`
  const own = readdirSync(folder).includes(name) ? readCases(new URL(name, folder)) : []
  return [...own, ...furtherCases().filter((test) => test.profile === profile)]
}

/** Recorded later, in the same way; a file for each topic. */
function furtherCases(): readonly Case[] {
  const further = new URL('further/', folder)
  known ??= readdirSync(further)
    .sort()
    .flatMap((name) => readCases(new URL(name, further)))
  return known
}

let known: readonly Case[] | undefined

function readCases(file: URL): readonly Case[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Case)
}

/** Data of the ConfigMap of a case: base, profile and the case's own, each key merged one level deep, null removes. */
export function configData(overrides: readonly Readonly<Record<string, unknown>>[]): Record<string, string> {
  const merged: Record<string, unknown> = structuredClone(profiles.baseConfig) as Record<string, unknown>
  for (const override of overrides) {
    for (const [key, value] of Object.entries(override)) {
      if (typeof value !== 'object' || value === null) {
        if (value === null) delete merged[key]
        else merged[key] = value
        continue
      }
      const base = { ...(merged[key] as Record<string, unknown> | undefined) }
      for (const [field, item] of Object.entries(value)) {
        if (item === null) delete base[field]
        else base[field] = item
      }
      merged[key] = base
    }
  }
  return Object.fromEntries(
    Object.entries(merged).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
}
