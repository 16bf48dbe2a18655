import type { Container, InferenceGraphSpec, PodSpec } from '@millrace/api'
import { stableJson } from '../backend/knative-service.ts'
import type { RouterSettings } from '../settings.ts'

const routerPort = 8080

/** The pod that runs a graph: the router, with the graph as its argument. It needs nothing of the API server. */
export function routerPod(spec: InferenceGraphSpec, name: string, settings: RouterSettings): PodSpec {
  const { affinity, tolerations, nodeSelector, nodeName, serviceAccountName } = spec
  const secrets = settings.imagePullSecrets.map((secret) => ({ name: secret }))
  return {
    containers: [router(spec, name, settings)],
    automountServiceAccountToken: false,
    ...(affinity ? { affinity } : {}),
    ...(tolerations ? { tolerations } : {}),
    ...(nodeSelector ? { nodeSelector } : {}),
    ...(nodeName ? { nodeName } : {}),
    ...(serviceAccountName ? { serviceAccountName } : {}),
    ...(secrets.length > 0 ? { imagePullSecrets: secrets } : {}),
  }
}

function router(spec: InferenceGraphSpec, name: string, settings: RouterSettings): Container {
  const { propagate } = settings.headers
  const given = spec.resources
  const hasResources = given !== undefined && Object.keys(given).length > 0
  return {
    name,
    image: settings.image,
    ...(settings.imagePullPolicy ? { imagePullPolicy: settings.imagePullPolicy } : {}),
    args: ['--graph-json', routingJson(spec)],
    ...(propagate.length > 0 ? { env: [{ name: 'PROPAGATE_HEADERS', value: propagate.join(',') }] } : {}),
    resources: hasResources
      ? { ...(given.limits ? { limits: given.limits } : {}), ...(given.requests ? { requests: given.requests } : {}) }
      : {
          limits: { cpu: settings.cpuLimit, memory: settings.memoryLimit },
          requests: { cpu: settings.cpuRequest, memory: settings.memoryRequest },
        },
    readinessProbe: {
      httpGet: { path: '/readyz', port: routerPort, scheme: 'HTTP' },
      initialDelaySeconds: 5,
      timeoutSeconds: 2,
      periodSeconds: 5,
      successThreshold: 1,
      failureThreshold: 3,
    },
    securityContext: {
      privileged: false,
      runAsNonRoot: true,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    },
  }
}

/** The part of a graph that the router reads. Scaling and scheduling stay out, so that changing them restarts nothing. */
function routingJson(spec: InferenceGraphSpec): string {
  const { nodes, routerTimeouts } = spec
  return stableJson({ nodes, ...(routerTimeouts ? { routerTimeouts } : {}) })
}
