import { convertedKinds, crdsOf, crdVariants, installGroups } from './crd-objects.ts'
import { names } from './names.ts'
import { patchBetween } from './kustomize-patch.ts'
import { objectFiles, type PlainObject, plainObjects } from './object-files.ts'
import type { Json } from './json.ts'
import { defaultValues, type Values } from './values.ts'
import { oneText, type TextFile, yamlText } from './yaml-text.ts'
import { injectKey } from './webhook-objects.ts'
import { configurationName } from '@millrace/controller'
import { type CrdVariant, group } from '@millrace/api'

const folder = 'deploy/kustomize'
const crdFolder = 'deploy/crds'

type Content = { readonly [key: string]: Json }

const withCertManager: Values = { ...defaultValues, certManager: { ...defaultValues.certManager, enabled: true } }
const withPreview: Values = { ...defaultValues, crds: { ...defaultValues.crds, preview: true } }
/** The example of an installation that serves one namespace. */
const oneNamespace: Values = { ...defaultValues, watchNamespaces: ['models'] }

/** Kustomize's base, a component for each choice, and overlays for the usual ones. */
export function kustomizeFiles(): readonly TextFile[] {
  return [...crdFiles(), ...baseFiles(), ...crdComponents(), ...optionComponents(), ...patchComponents(), ...overlays()]
}

function crdFiles(): readonly TextFile[] {
  return crdVariants.flatMap((variant) => [
    kustomization(`${crdFolder}/${variant}`, 'Kustomization', { resources: installGroups }),
    ...installGroups.flatMap((installGroup) => {
      const path = `${crdFolder}/${variant}/${installGroup}`
      const all = crdsOf(installGroup, variant, defaultValues)
      return [
        ...all.map(({ file, crd }) => ({ path: `${path}/${file}`, text: yamlText([crd]) })),
        kustomization(path, 'Kustomization', { resources: all.map(({ file }) => file) }),
      ]
    }),
  ])
}

const baseObjectFiles = objectFiles.filter(({ option }) => option === undefined)
const baseObjects = (values: Values): readonly PlainObject[] =>
  baseObjectFiles.flatMap((file) => plainObjects(file, values))

function baseFiles(): readonly TextFile[] {
  const path = `${folder}/base`
  return [
    ...baseObjectFiles.map((file) => ({
      path: `${path}/${file.name}.yaml`,
      text: yamlText(plainObjects(file, defaultValues)),
    })),
    kustomization(path, 'Kustomization', { resources: baseObjectFiles.map(({ name }) => `${name}.yaml`) }),
  ]
}

function crdComponents(): readonly TextFile[] {
  return crdVariants.flatMap((variant) =>
    installGroups.map((installGroup) =>
      kustomization(`${folder}/components/${crdComponent(variant, installGroup)}`, 'Component', {
        resources: [`../../../crds/${variant}/${installGroup}`],
      }),
    ),
  )
}

function crdComponent(variant: string, installGroup: string): string {
  return `${variant === 'full' ? '' : `${variant}-`}crds-${installGroup}`
}

/** Components that only add objects. */
function optionComponents(): readonly TextFile[] {
  return objectFiles.flatMap(({ option, ...file }) => {
    if (!option || option.component === 'cert-manager') return []
    const path = `${folder}/components/${option.component}`
    return [
      { path: `${path}/${file.name}.yaml`, text: yamlText(plainObjects(file, defaultValues)) },
      kustomization(path, 'Component', { resources: [`${file.name}.yaml`] }),
    ]
  })
}

function patchComponents(): readonly TextFile[] {
  const path = `${folder}/components/cert-manager`
  const certificates = objectFiles.filter(({ option }) => option?.component === 'cert-manager')
  return [
    ...certificates.map((file) => ({
      path: `${path}/${file.name}.yaml`,
      text: yamlText(plainObjects(file, withCertManager)),
    })),
    kustomization(path, 'Component', {
      resources: certificates.map(({ name }) => `${name}.yaml`),
      patches: [...patches(baseObjects, withCertManager), ...patches(convertedCrds('full'), withCertManager)],
    }),
    ...crdVariants.map((variant) =>
      kustomization(`${folder}/components/${variant === 'full' ? '' : `${variant}-`}preview-versions`, 'Component', {
        patches: patches(convertedCrds(variant), withPreview),
      }),
    ),
  ]
}

function convertedCrds(variant: CrdVariant): (values: Values) => readonly PlainObject[] {
  const files = new Set(convertedKinds.map(({ plural }) => `${group}_${plural}.yaml`))
  return (values) =>
    installGroups
      .flatMap((installGroup) => crdsOf(installGroup, variant, values))
      .filter(({ file }) => files.has(file))
      .map(({ crd }) => crd)
}

/** What turns the objects with default values into those with `values`; objects that only one has are left alone. */
function patches(objects: (values: Values) => readonly PlainObject[], values: Values): readonly Json[] {
  const wanted = new Map(objects(values).map((object) => [identityOf(object), object]))
  return objects(defaultValues).flatMap((object) => {
    const target = wanted.get(identityOf(object))
    const operations = target ? patchBetween(object, target) : []
    if (operations.length === 0) return []
    return [{ target: targetOf(object), patch: oneText(operations) }]
  })
}

function targetOf(object: PlainObject): { readonly kind: Json; readonly name: Json } {
  return { kind: object['kind'] ?? '', name: Object(object['metadata']).name }
}

function identityOf(object: PlainObject): string {
  const { name, namespace = '' } = Object(object['metadata'])
  return `${String(object['kind'])} ${namespace} ${name}`
}

const crdComponentNames = (variant: string) => installGroups.map((installGroup) => crdComponent(variant, installGroup))
/** Kustomize's `namespace:` takes these for namespaced kinds: they are added above it. */
const shippedComponents = ['runtimes', 'storage-containers']

function overlays(): readonly TextFile[] {
  const components = (names: readonly string[]) => names.map((name) => `../../components/${name}`)
  const onlyBefore = baseObjects(defaultValues).filter(isMissingIn(baseObjects(oneNamespace)))
  const onlyAfter = baseObjects(oneNamespace).filter(isMissingIn(baseObjects(defaultValues)))
  const deletions = onlyBefore.map((object) => ({ patch: oneText({ $patch: 'delete', ...withoutContent(object) }) }))
  return [
    overlay('controller', {
      resources: ['../../base'],
      components: components([...crdComponentNames('full'), 'user-roles']),
    }),
    overlay('default', {
      resources: ['../controller'],
      components: components(shippedComponents),
    }),
    overlay('minimal-crds', {
      resources: ['../../base'],
      components: components([...crdComponentNames('minimal'), 'user-roles', ...shippedComponents]),
    }),
    overlay('cert-manager', {
      resources: ['../default'],
      components: components(['cert-manager']),
      replacements: namespaceReplacements(),
    }),
    overlay('one-namespace', {
      resources: ['../default', 'rights.yaml'],
      patches: [...deletions, ...patches(baseObjects, oneNamespace)],
    }),
    { path: `${folder}/overlays/one-namespace/rights.yaml`, text: yamlText(onlyAfter) },
    overlay('in-place-of-kserve', {
      resources: ['../controller'],
      patches: baseObjects(defaultValues)
        .filter(({ kind }) => kind === 'ConfigMap')
        .map((object) => ({ patch: oneText({ $patch: 'delete', ...withoutContent(object) }) })),
    }),
  ]
}

function isMissingIn(objects: readonly PlainObject[]): (object: PlainObject) => boolean {
  const known = new Set(objects.map(identityOf))
  return (object) => !known.has(identityOf(object))
}

function withoutContent({ apiVersion = '', kind = '', metadata }: PlainObject): PlainObject {
  const { name, namespace } = Object(metadata)
  return { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } }
}

/** Texts that contain the namespace. Kustomize's `namespace:` of the same file has been at work before. */
function namespaceReplacements(): readonly Json[] {
  const source = { kind: 'Service', name: names.webhook, fieldPath: 'metadata.namespace' }
  const annotation = `metadata.annotations.[${injectKey}]`
  const inAnnotation = (kind: string, name: string) => ({
    select: { kind, name },
    fieldPaths: [annotation],
    options: { delimiter: '/', index: 0 },
  })
  return [
    {
      source,
      targets: [
        {
          select: { kind: 'Certificate', name: names.certificate },
          fieldPaths: ['spec.dnsNames.0', 'spec.dnsNames.1'],
          options: { delimiter: '.', index: 1 },
        },
        inAnnotation('ValidatingWebhookConfiguration', configurationName),
        inAnnotation('MutatingWebhookConfiguration', configurationName),
        ...convertedKinds.map(({ plural }) => inAnnotation('CustomResourceDefinition', `${plural}.${group}`)),
      ],
    },
  ]
}

function overlay(name: string, content: Content): TextFile {
  // The order in which they can be applied: namespaces and CRDs first, webhooks last.
  return kustomization(`${folder}/overlays/${name}`, 'Kustomization', { ...content, sortOptions: { order: 'legacy' } })
}

function kustomization(path: string, kind: 'Kustomization' | 'Component', content: Content): TextFile {
  const apiVersion = `kustomize.config.k8s.io/${kind === 'Component' ? 'v1alpha1' : 'v1beta1'}`
  return { path: `${path}/kustomization.yaml`, text: yamlText([{ apiVersion, kind, ...content }]) }
}
