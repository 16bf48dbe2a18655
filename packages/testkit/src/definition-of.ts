/** The kind that a definition is for, as a client names it. */
export interface DefinedKind {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
}

/** A CustomResourceDefinition that takes whatever it is given, with a status of its own: stands in for somebody else's. */
export function definitionOf({ group, version, plural, kind }: DefinedKind) {
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: open, status: open } } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      // Groups below k8s.io belong to Kubernetes, which wants to see that it knows of them.
      annotations: { 'api-approved.kubernetes.io': 'unapproved, a stand-in' },
    },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, kind, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: version, served: true, storage: true, schema, subresources: { status: {} } }],
    },
  }
}
