import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from '../../schema/field-error.ts'
import { checkRules } from '../../schema/rules.ts'
import type { JsonSchema } from '../../schema/schema.ts'
import { checkStructural } from '../../schema/structural.ts'
import { isDeepEqual } from '../field-owner.ts'
import { isRecord } from '../object-body.ts'
import type { Crd, CrdSpec, CrdVersion } from './crd-spec.ts'
import { hasCondition } from './crd-spec.ts'

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const label1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const label1035Text =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and " +
  "end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
/** ConversionReview versions that are spoken, preferred first. */
export const reviewVersions: readonly string[] = ['v1', 'v1beta1']
const approvalAnnotation = 'api-approved.kubernetes.io'

/** apiextensions' rules about a CustomResourceDefinition that is to be created. */
export async function checkCrd(crd: Crd): Promise<readonly FieldError[]> {
  return [
    ...checkName(crd),
    ...checkApproval(crd),
    ...checkGroupAndScope(crd.spec),
    ...checkNames(crd.spec),
    ...checkVersions(crd.spec),
    ...checkConversion(crd.spec),
    ...(await checkSchemas(crd.spec)),
  ]
}

export async function checkCrdUpdate(crd: Crd, old: Crd): Promise<readonly FieldError[]> {
  // A name that does not fit follows from a group or plural that may not change, which is said below.
  const found = isDeepEqual(crd.spec, old.spec) ? [] : await checkCrd(crd)
  const findings = found.filter(({ field }) => field !== 'metadata.name')
  return [...findings, ...checkImmutable(crd, old), ...checkStoredVersions(crd)]
}

function checkName({ metadata, spec }: Crd): readonly FieldError[] {
  const wanted = `${spec.names.plural}.${spec.group}`
  if (metadata.name === wanted) return []
  return [invalid('metadata.name', metadata.name ?? '', `must be spec.names.plural+"."+spec.group`)]
}

/** Groups that belong to the Kubernetes project need its approval. */
function checkApproval({ metadata, spec }: Crd): readonly FieldError[] {
  const isProtected = /(^|\.)(k8s|kubernetes)\.io$/.test(spec.group ?? '')
  if (!isProtected) return []
  const field = `metadata.annotations[${approvalAnnotation}]`
  const value = metadata.annotations?.[approvalAnnotation]
  const see = 'see https://github.com/kubernetes/enhancements/pull/1111'
  if (!value) return [required(field, `protected groups must have approval annotation "${approvalAnnotation}", ${see}`)]
  if (/^https?:\/\/.+/.test(value) || value.startsWith('unapproved')) return []
  const why = `protected groups must have approval annotation "${approvalAnnotation}" with either a URL or a reason starting with "unapproved", ${see}`
  return [invalid(field, value, why)]
}

function checkGroupAndScope({ group, scope }: CrdSpec): readonly FieldError[] {
  const findings: FieldError[] = []
  if (!group) findings.push(required('spec.group'))
  else if (!subdomain.test(group)) findings.push(invalid('spec.group', group, 'must be a lower case DNS subdomain'))
  else if (!group.includes('.')) findings.push(invalid('spec.group', group, 'should be a domain with at least one dot'))
  if (!scope) findings.push(required('spec.scope'))
  else if (scope !== 'Cluster' && scope !== 'Namespaced') {
    findings.push(notSupported('spec.scope', scope, ['Cluster', 'Namespaced']))
  }
  return findings
}

function checkNames({ names }: CrdSpec): readonly FieldError[] {
  const findings: FieldError[] = []
  const { plural, singular = '', kind, listKind = '', shortNames = [], categories = [] } = names
  const check = (field: string, value: string): void => {
    if (!label1035.test(value) || value.length > 63) findings.push(invalid(field, value, label1035Text))
  }
  if (!plural) findings.push(required('spec.names.plural'))
  else check('spec.names.plural', plural)
  if (singular) check('spec.names.singular', singular)
  if (!singular) findings.push(required('spec.names.singular'))
  if (!listKind) findings.push(required('spec.names.listKind'))
  if (!kind) findings.push(required('spec.names.kind'))
  else if (!label1035.test(kind.toLowerCase())) {
    findings.push(invalid('spec.names.kind', kind, `may have mixed case, but should otherwise match: ${label1035Text}`))
  }
  if (listKind && listKind === kind) {
    findings.push(invalid('spec.names.listKind', listKind, 'kind and listKind may not be the same'))
  }
  for (const [position, name] of shortNames.entries()) check(`spec.names.shortNames[${position}]`, name)
  for (const [position, name] of categories.entries()) check(`spec.names.categories[${position}]`, name)
  return findings
}

function checkVersions(spec: CrdSpec): readonly FieldError[] {
  const versions = spec.versions ?? []
  const findings: FieldError[] = []
  const names = new Set<string>()
  for (const [position, version] of versions.entries()) {
    const path = `spec.versions[${position}]`
    if (!label.test(version.name ?? '')) findings.push(invalid(`${path}.name`, version.name, label1035Text))
    if (names.has(version.name))
      findings.push(
        invalid(
          'spec.versions',
          versions.map(({ name }) => name),
          'must contain unique version names',
        ),
      )
    names.add(version.name)
    findings.push(...checkVersion(version, path))
  }
  if (versions.filter((version) => version.storage).length !== 1) {
    findings.push(
      invalid(
        'spec.versions',
        versions.map(({ name }) => name),
        'must have exactly one version marked as storage version',
      ),
    )
  }
  if (spec.preserveUnknownFields) findings.push(invalid('spec.preserveUnknownFields', true, preservingText))
  return findings
}

const preservingText =
  'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'

function checkVersion(version: CrdVersion, path: string): readonly FieldError[] {
  const findings: FieldError[] = []
  if (!version.schema?.openAPIV3Schema) {
    findings.push(required(`${path}.schema.openAPIV3Schema`))
  }
  for (const [position, column] of (version.additionalPrinterColumns ?? []).entries()) {
    const field = `${path}.additionalPrinterColumns[${position}]`
    if (!column.name) findings.push(required(`${field}.name`))
    const types = ['boolean', 'date', 'integer', 'number', 'string']
    if (!types.includes(column.type)) {
      findings.push(invalid(`${field}.type`, column.type, `must be one of ${types.join(',')}`))
    }
    if (!column.jsonPath) findings.push(required(`${field}.JSONPath`))
    else if (!column.jsonPath.startsWith('.')) {
      findings.push(invalid(`${field}.JSONPath`, column.jsonPath, 'must be a simple json path starting with .'))
    }
  }
  findings.push(...checkSelectable(version, path))
  const scale = version.subresources?.scale
  const checkPath = (name: string, value: string | undefined, prefixes: readonly string[]): void => {
    const field = `${path}.subresources.scale.${name}`
    if (!value) findings.push(required(field))
    else if (!prefixes.some((prefix) => value.startsWith(prefix))) {
      findings.push(
        invalid(
          field,
          value,
          `should be a json path under ${prefixes.map((prefix) => prefix.slice(0, -1)).join(' or ')}`,
        ),
      )
    }
  }
  if (scale) checkPath('specReplicasPath', scale.specReplicasPath, ['.spec.'])
  if (scale) checkPath('statusReplicasPath', scale.statusReplicasPath, ['.status.'])
  if (scale?.labelSelectorPath) checkPath('labelSelectorPath', scale.labelSelectorPath, ['.spec.', '.status.'])
  return findings
}

/** Selectable fields are single values of the schema outside of metadata. */
function checkSelectable({ selectableFields = [], schema }: CrdVersion, path: string): readonly FieldError[] {
  if (selectableFields.length === 0) return []
  const field = `${path}.selectableFields`
  if (!schema?.openAPIV3Schema) {
    return [invalid(field, '', 'may only be set when `version.schema.openAPIV3Schema` is not included')]
  }
  const seen = new Set<string>()
  return selectableFields.flatMap(({ jsonPath }, position): readonly FieldError[] => {
    const at = `${field}[${position}].jsonPath`
    const isRepeated = seen.has(jsonPath)
    seen.add(jsonPath)
    if (isRepeated) return [duplicate(at, jsonPath)]
    const type = typeAt(schema.openAPIV3Schema, jsonPath.replace(/^\./, '').split('.'))
    if (type === undefined || jsonPath.startsWith('.metadata')) {
      return [invalid(at, jsonPath, 'is an invalid path: does not refer to a valid field')]
    }
    if (type === 'string' || type === 'boolean' || type === 'integer') return []
    return [invalid(at, jsonPath, 'must point to a field of type string, boolean or integer')]
  })
}

/** The schema's type at a path of property names; undefined where there is none. */
function typeAt(schema: JsonSchema | undefined, path: readonly string[]): unknown {
  let node: unknown = schema
  for (const name of path) {
    const properties = isRecord(node) ? node['properties'] : undefined
    node = isRecord(properties) ? properties[name] : undefined
  }
  return isRecord(node) ? node['type'] : undefined
}

function checkConversion({ conversion }: CrdSpec): readonly FieldError[] {
  if (!conversion) return []
  const { strategy, webhook } = conversion
  if (strategy === 'None') {
    return webhook
      ? [forbidden('spec.conversion.webhook', 'should not be set when strategy is not set to Webhook')]
      : []
  }
  if (strategy !== 'Webhook') return [notSupported('spec.conversion.strategy', strategy, ['None', 'Webhook'])]
  const config = webhook?.clientConfig
  const versions = webhook?.conversionReviewVersions ?? []
  const findings: FieldError[] = []
  // The two paths are the real server's: those of its internal type.
  if (!config)
    findings.push(required('spec.conversion.webhookClientConfig', 'required when strategy is set to Webhook'))
  else if ((config.url === undefined) === (config.service === undefined)) {
    findings.push(required('spec.conversion.webhookClientConfig', 'exactly one of url or service is required'))
  }
  const field = 'spec.conversion.conversionReviewVersions'
  if (versions.length === 0) findings.push(required(field))
  else if (!reviewVersions.some((version) => versions.includes(version))) {
    findings.push(invalid(field, versions, `must include at least one of ${reviewVersions.join(', ')}`))
  }
  return findings
}

async function checkSchemas({ versions = [] }: CrdSpec): Promise<readonly FieldError[]> {
  const findings: FieldError[] = []
  for (const [position, { schema }] of versions.entries()) {
    if (!schema?.openAPIV3Schema) continue
    const path = `spec.versions[${position}].schema.openAPIV3Schema`
    const structural = checkStructural(schema.openAPIV3Schema, path)
    findings.push(...structural)
    if (structural.length === 0) findings.push(...(await checkRules(schema.openAPIV3Schema, path)))
  }
  return findings
}

function checkImmutable({ spec }: Crd, old: Crd): readonly FieldError[] {
  const findings: FieldError[] = []
  const keep = (field: string, value: unknown, before: unknown): void => {
    if (value !== before) findings.push(invalid(field, value, 'field is immutable'))
  }
  keep('spec.group', spec.group, old.spec.group)
  keep('spec.names.plural', spec.names.plural, old.spec.names.plural)
  if (!hasCondition(old, 'Established')) return findings
  keep('spec.scope', spec.scope, old.spec.scope)
  keep('spec.names.kind', spec.names.kind, old.spec.names.kind)
  return findings
}

/** A version that objects are stored in must stay until they are rewritten and the status says so. */
function checkStoredVersions({ spec, status }: Crd): readonly FieldError[] {
  const known = new Set(spec.versions.map(({ name }) => name))
  return (status?.storedVersions ?? []).flatMap((name, position) =>
    known.has(name) ? [] : [invalid(`status.storedVersions[${position}]`, name, missingText(name))],
  )
}

function missingText(version: string): string {
  return (
    `missing from spec.versions; ${version} was previously a storage version, and must remain in spec.versions until a ` +
    `storage migration ensures no data remains persisted in ${version} and removes ${version} from status.storedVersions`
  )
}
