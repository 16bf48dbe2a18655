import { kinds } from '@millrace/api'
import { completedPods, completePodsPath, configurationName, validatedRules, validatePath } from '@millrace/controller'
import { clusterWide, inNamespace, names, namespace } from './names.ts'
import { block, type Node, scalar, when } from './slot.ts'
import type { Json } from './json.ts'
import type { Values } from './values.ts'

/** What cert-manager's injector is told: whose authority belongs here. */
export const injectKey = 'cert-manager.io/inject-ca-from'

export function injectFrom({ namespace: own }: Values): string {
  return `${own}/${names.certificate}`
}

const hasCertManager = ({ certManager }: Values) => certManager.enabled

/**
 * Cluster-wide kinds that are installed together with the controller: were they refused while it starts, nothing could be
 * installed in one go. What is wrong in one is told by the services that use it.
 */
const shippedPlurals = kinds
  .filter(({ namespaced, installGroup }) => !namespaced && installGroup === 'core')
  .map(({ plural }) => plural)

const ifWatching = (then: Node): Node =>
  when('$.Values.watchNamespaces', ({ watchNamespaces }) => watchNamespaces.length > 0, then)

const metadata: Node = {
  ...clusterWide(configurationName, 'controller'),
  annotations: when('$.Values.certManager.enabled', hasCertManager, {
    [injectKey]: scalar(`printf "%s/${names.certificate}" $.Values.namespace`, injectFrom),
  }),
}

const inWatchedNamespaces = ifWatching({
  matchExpressions: [
    {
      key: 'kubernetes.io/metadata.name',
      operator: 'In',
      values: block('$.Values.watchNamespaces', ({ watchNamespaces }) => watchNamespaces),
    },
  ],
})

/** Without an authority: cert-manager fills it in, or the controller does. Until then the API server trusts nobody. */
export const webhookConfiguration: Node = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata,
  webhooks: [
    webhook(
      'validate',
      (plural) => !shippedPlurals.includes(plural),
      scalar('$.Values.webhook.failurePolicy', (values) => values.webhook.failurePolicy),
    ),
    webhook('validate-shipped', (plural) => shippedPlurals.includes(plural), 'Ignore'),
  ],
}

/** Only pods of Knative mode wait for us, and they must: without us they would serve without a model. */
export const podWebhookConfiguration: Node = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata,
  webhooks: [
    {
      name: `complete-pods.${configurationName}`,
      clientConfig: { service: { namespace, name: names.webhook, port: 443, path: completePodsPath } },
      namespaceSelector: inWatchedNamespaces,
      ...completedPods,
    },
  ],
}

function webhook(name: string, concerns: (plural: string) => boolean, failurePolicy: Node): Node {
  return {
    name: `${name}.${configurationName}`,
    clientConfig: { service: { namespace, name: names.webhook, port: 443, path: validatePath } },
    rules: validatedRules.map((rule) => ({ ...rule, resources: rule.resources.filter(concerns) })),
    namespaceSelector: inWatchedNamespaces,
    failurePolicy,
    matchPolicy: 'Equivalent',
    sideEffects: 'None',
    timeoutSeconds: scalar('$.Values.webhook.timeoutSeconds', (values) => values.webhook.timeoutSeconds),
    admissionReviewVersions: ['v1'],
  }
}

const isOurIssuer = ({ certManager }: Values) => Object.keys(certManager.issuerRef).length === 0

/** For cert-manager: our certificate, and who signs it. */
export const certificateObjects: readonly Node[] = [
  when('not $.Values.certManager.issuerRef', isOurIssuer, {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Issuer',
    metadata: inNamespace(names.issuer, 'controller'),
    spec: { selfSigned: {} },
  }),
  {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: inNamespace(names.certificate, 'controller'),
    spec: {
      secretName: names.certificateSecret,
      dnsNames: ['svc', 'svc.cluster.local'].map((domain) =>
        scalar(
          `printf "${names.webhook}.%s.${domain}" $.Values.namespace`,
          (values) => `${names.webhook}.${values.namespace}.${domain}`,
        ),
      ),
      issuerRef: block('include "millrace.issuerRef" $ | fromYaml', issuerRef),
      privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
    },
  },
]

/** Helm: `millrace.issuerRef`. */
function issuerRef(values: Values): Json {
  return isOurIssuer(values) ? { kind: 'Issuer', name: names.issuer } : values.certManager.issuerRef
}
