import type { KubeObject } from '@millrace/kube'
import type { Catalog } from '../builtin/catalog.ts'
import type { Gvk } from '../builtin/resource-info.ts'
import { decodeBuiltin } from '../builtin/decode.ts'
import { defaultBuiltin } from '../builtin/defaults.ts'
import { prepareCreate, prepareUpdate, type Strategy, strategyOf } from '../builtin/strategy.ts'
import { validateCreate, validateUpdate } from '../builtin/validate-builtin.ts'
import { type NameRule, validateMetadata, validateMetadataUpdate } from '../builtin/validate-metadata.ts'
import { badRequest } from '../http/api-error.ts'
import type { Schema } from '../schema/schema.ts'
import { fieldsOf, fieldNamesOf } from './builtin-fields.ts'
import { convertBuiltin, storedGvk } from './builtin-conversion.ts'
import { apiVersionOf, type KindBehaviour } from './served-resource.ts'

/** A built-in kind: Go types' decoding, generated schemas, hand-written defaults and checks. */
export function builtinBehaviour(catalog: Catalog, gvk: Gvk, namespaced: boolean): KindBehaviour {
  let compiled: Schema | undefined
  const schema = (): Schema => {
    compiled ??= catalog.schemaOf(gvk)
    if (!compiled) throw new Error(`no schema for ${apiVersionOf(gvk)} ${gvk.kind}`)
    return compiled
  }
  let known: Strategy | undefined
  const strategy = (): Strategy => {
    known ??= strategyOf(gvk)
    return known
  }
  const nameRule = nameRuleOf(gvk)
  const stored = storedGvk(gvk)
  const isStoredForm = stored === gvk

  return {
    get schema() {
      return schema()
    },
    get strategy() {
      return strategy()
    },
    nameRule,
    decode: (value) => {
      const decoded = decodeBuiltin(value, schema())
      if (!decoded.ok) {
        throw badRequest(
          `${gvk.kind} in version "${gvk.version}" cannot be handled as a ${gvk.kind}: ${decoded.message}`,
        )
      }
      return { object: defaultBuiltin(gvk, decoded.object), unknown: decoded.unknown }
    },
    prepareCreate: (object) => prepareCreate(strategy(), gvk, object),
    prepareUpdate: (object, old, subresource) => prepareUpdate(strategy(), object, old, subresource),
    validateCreate: (object) =>
      Promise.resolve([...validateMetadata(object, namespaced, nameRule), ...validateCreate(gvk, object)]),
    validateUpdate: (object, old) =>
      Promise.resolve([...validateMetadataUpdate(object, old), ...validateUpdate(gvk, object, old)]),
    isServable: () => isStoredForm,
    fromStorage: (entries) =>
      Promise.resolve(
        entries.map((entry) => {
          const object = JSON.parse(entry.value) as KubeObject
          return isStoredForm ? object : convertBuiltin(object, gvk)
        }),
      ),
    toStorage: (object) => Promise.resolve(isStoredForm ? object : convertBuiltin(object, stored)),
    schemaOf: (apiVersion) => (apiVersion === apiVersionOf(gvk) ? schema() : undefined),
    selectableFields: (object) => fieldsOf(gvk, object),
    selectableFieldNames: fieldNamesOf(gvk),
  }
}

const nameRules: Readonly<Record<string, NameRule>> = {
  Namespace: 'label',
  Service: 'label1035',
  Role: 'path-segment',
  ClusterRole: 'path-segment',
  RoleBinding: 'path-segment',
  ClusterRoleBinding: 'path-segment',
}

function nameRuleOf({ kind }: Gvk): NameRule {
  return nameRules[kind] ?? 'subdomain'
}
