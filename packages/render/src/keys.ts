/** The API's keys under names that don't collide with variables, and the few numbers that pods and Services agree on. */
export {
  annotations as userKeys,
  containerNames,
  environment as envNames,
  internalAnnotations as internalKeys,
  istioKeys,
  knativeKeys,
  labels as labelKeys,
  prometheusKeys,
} from '@millrace/api'

/** Where the model is in every container. */
export const modelDirectory = '/mnt/models'
/** Port of a model server whose container names none. */
export const httpPort = 8080
/** Port of the agent, which stands before the server when requests are batched or logged. */
export const agentPort = 9081
/** Port of every Service of ours. */
export const servicePort = 80
/** `mp` on a runtime: one process group per node instead of a Ray cluster. */
export const executorBackendKey = 'multinode/executor-backend'
