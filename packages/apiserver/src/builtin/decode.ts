import type { KubeObject } from '@millrace/kube'
import type { Schema } from '../schema/schema.ts'

/**
 * What the real server's decoding into Go types does to a built-in object: refuses wrong types, drops unknown fields,
 * nulls and empty optional values, fills required zero values, and writes quantities, times and base64 in their one
 * canonical form. `unknown` lists dropped fields for strict validation.
 */
export type Decoded =
  | { readonly ok: true; readonly object: KubeObject; readonly unknown: readonly string[] }
  /** 400 BadRequest: `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`. */
  | { readonly ok: false; readonly message: string }

export function decodeBuiltin(object: unknown, schema: Schema): Decoded {
  throw new Error(`to be written ${String(object)} ${String(schema)}`)
}
