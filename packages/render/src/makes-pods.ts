import type { KubeObject } from '@millrace/kube'

/** Whether pods are made from the object's template, which are replaced when it changes: a Deployment, a Knative Service. */
export function makesPods(object: KubeObject): boolean {
  return object.kind === 'Deployment' || isKnativeService(object)
}

export function isKnativeService({ kind, apiVersion }: KubeObject): boolean {
  return kind === 'Service' && apiVersion.startsWith('serving.knative.dev/')
}
