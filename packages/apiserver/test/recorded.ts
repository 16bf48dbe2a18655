import { readFileSync } from 'node:fs'
import type { KubeObject } from '@millrace/kube'
import { builtinCatalog } from '../src/builtin/catalog.ts'
import type { Gvk } from '../src/builtin/resource-info.ts'
import type { Schema } from '../src/schema/schema.ts'

/** What a kube-apiserver 1.34 answered, recorded in test/testdata. */
export function recorded<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`testdata/${name}.json`, import.meta.url), 'utf8')) as T
}

export function gvkOf({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): Gvk {
  const slash = apiVersion.indexOf('/')
  return { group: apiVersion.slice(0, Math.max(0, slash)), version: apiVersion.slice(slash + 1), kind }
}

export function schemaOf(gvk: Gvk): Schema {
  const schema = builtinCatalog().schemaOf(gvk)
  if (!schema) throw new Error(`no schema of ${gvk.kind}`)
  return schema
}

/** metav1.ObjectMeta. */
export function objectMeta(): Schema {
  const metadata = schemaOf({ group: '', version: 'v1', kind: 'ConfigMap' }).properties?.get('metadata')
  if (!metadata) throw new Error('no schema of ObjectMeta')
  return metadata
}

/** A finding's sentence with its own findings in one order: the real server walks maps at random. */
export function sorted(message: string): string {
  return message.replace(
    /^(.*?is invalid: )\[?(.*?)\]?$/s,
    (_all, head: string, list: string) =>
      head +
      list
        .split(/, (?=[a-z<])/)
        .sort()
        .join(', '),
  )
}

/** RFC 7386, as the tests' own few lines. */
export function merged(target: unknown, change: unknown): unknown {
  if (typeof change !== 'object' || change === null || Array.isArray(change)) return change
  const isObject = typeof target === 'object' && target !== null && !Array.isArray(target)
  const out: Record<string, unknown> = isObject ? { ...target } : {}
  for (const [key, value] of Object.entries(change)) {
    if (value === null) delete out[key]
    else out[key] = merged(out[key], value)
  }
  return out
}

export type { KubeObject }
