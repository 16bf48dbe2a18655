import type { KubeObject } from '@millrace/kube'
import { entry, exposed, type Exposure } from '../exposure/exposure.ts'
import { servicePort } from '../keys.ts'
import type { Owner } from '../plan.ts'
import { without } from '../service/metadata.ts'
import type { Settings } from '../settings.ts'
import { child } from './child.ts'

/** What kubectl remembers of the service says nothing about the Ingress. */
const lastAppliedKey = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * One Ingress for all hosts of a service: its own goes to who answers predictions, each component's to the component. The
 * controllers of Ingresses read annotations, so it has all of the service's: the disallow list is about pods.
 */
export function ingress(owner: Owner, exposure: Exposure, settings: Settings): KubeObject {
  const front = entry(exposure)
  const components = ['explainer', 'transformer', 'predictor'] as const
  const rules = [
    ...(front ? [rule(exposure.host, front.service)] : []),
    ...components.flatMap((component) => {
      const found = exposed(exposure, component)
      return found ? [rule(found.host, found.service)] : []
    }),
  ]
  const { ingressClassName } = settings.ingress
  const meta = { name: owner.name, annotations: without(owner.annotations, [lastAppliedKey]) }
  return child(owner, 'networking.k8s.io/v1', 'Ingress', meta, {
    spec: { ...(ingressClassName === undefined ? {} : { ingressClassName }), rules },
  })
}

function rule(host: string, service: string): object {
  const backend = { service: { name: service, port: { number: servicePort } } }
  return { host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }
}
