import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { InferenceService, ServingRuntime } from '@millrace/api'

const folder = join(import.meta.dirname, 'testdata')

export interface OracleCase {
  readonly op: string
  readonly path: string
  readonly object: { readonly kind: string; readonly spec: unknown }
  readonly accepted: boolean
  readonly message?: string
}

export interface AdmissionCase {
  readonly case: string
  /** Key of the configuration that the cluster had. */
  readonly config: string
  readonly object: { readonly kind: string; readonly apiVersion: string; readonly metadata: { readonly name: string } }
  /** Runtimes that were there already. */
  readonly before?: readonly ServingRuntime[]
  /** The object before an update. */
  readonly old?: unknown
  /** Why KServe refused it; absent when it was accepted. */
  readonly refused?: string
  /** What KServe's webhook made of an InferenceService. */
  readonly read?: { readonly spec: InferenceService['spec']; readonly annotations: Readonly<Record<string, string>> }
}

export interface AdmissionData {
  readonly configs: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly cases: readonly AdmissionCase[]
}

export interface RuleCase {
  /** What is promised. */
  readonly promise: string
  readonly object: unknown
  readonly old?: unknown
  readonly defaultDeploymentMode?: 'Standard' | 'Knative' | 'ModelMesh'
  /** `severity rule path` of every finding, in order. */
  readonly findings: readonly string[]
}

export function oracle(): readonly OracleCase[] {
  return readGzip('crd-oracle.json.gz') as readonly OracleCase[]
}

export function goldenAdmission(): AdmissionData {
  return readGzip('golden-admission.json.gz') as AdmissionData
}

export function ruleCases(): readonly RuleCase[] {
  return JSON.parse(readFileSync(join(folder, 'rules.json'), 'utf8')) as readonly RuleCase[]
}

function readGzip(name: string): unknown {
  return JSON.parse(gunzipSync(readFileSync(join(folder, name))).toString('utf8'))
}
