/**
 * Names of everything the renderer makes, in one place. They are KServe's, so that a cluster can change controllers
 * without new objects. All fit DNS-1123 labels when the service's name does (admission sees to its length).
 */
export type ComponentName = 'predictor' | 'transformer' | 'explainer'

/** `variant` is `spec.predictor.name`: the name of a canary, or of the main predictor among canaries. */
export function predictorName(service: string, variant?: string): string {
  return variant ? `${service}-${variant}-predictor` : `${service}-predictor`
}

export function componentName(service: string, component: ComponentName, variant?: string): string {
  return component === 'predictor' ? predictorName(service, variant) : `${service}-${component}`
}

/** Worker Deployment of a multi-node predictor. */
export function workerName(service: string): string {
  return `${service}-predictor-worker`
}

/** Value of the label `app`, by which a Deployment and its Services find their pods. */
export function appLabel(workload: string): string {
  return `isvc.${workload}`
}

export function workerAppLabel(workload: string): string {
  return `isvc.${workload}-worker`
}

/** Headless Service of the head pod of one generation of a multi-node predictor. */
export function headServiceName(workload: string, generation: number): string {
  return `${withoutPredictor(workload)}-head-${generation}`
}

/** Headless Service of the worker pods of one generation of a multi-node predictor. */
export function workersServiceName(workload: string, generation: number): string {
  return `${withoutPredictor(workload)}-workers-${generation}`
}

/** ConfigMap with the models that a multi-model server shall load. */
export function modelConfigName(service: string): string {
  return `modelconfig-${service}-0`
}

/** Cluster DNS name of a Service. */
export function serviceHost(name: string, namespace: string): string {
  return `${name}.${namespace}.svc.cluster.local`
}

function withoutPredictor(workload: string): string {
  return workload.endsWith('-predictor') ? workload.slice(0, -'-predictor'.length) : workload
}
