export { apiVersionOf } from './answer-kinds.ts'
export { fixedConnection, type Connection, type Credentials } from './connection.ts'
export type { AnswerFacts } from './caller.ts'
export { createClient, type ClientOptions } from './create-client.ts'
export { systemClock, sleep, type Clock } from './clock.ts'
export { backoffMs, type BackoffOptions } from './backoff.ts'
export type * from './client.ts'
export { KubeError, isExpired, isKubeError, type KubeErrorCode, type KubeErrorFields } from './errors.ts'
export { createInformers, type InformerSet } from './informer-set.ts'
export { startInformer, withoutManagedFields, type Change, type Informer, type InformerOptions } from './informer.ts'
export type { Indexer } from './indexed-objects.ts'
export { silentLog, type Log, type LogFields } from './log.ts'
export { keyOf, keyOfObject, nameOfKey, nameOfObject } from './object-key.ts'
export type { Selection } from './reflector.ts'
export { resources } from './known-resources.ts'
export type * from './wire.ts'
export { describeTarget, resourcePath } from './resource-path.ts'
export { loadConnection, type LoadConnectionOptions } from './load-connection.ts'
export { inClusterConnection } from './in-cluster-connection.ts'
export { kubeconfigText, writeKubeconfig, type KubeconfigContent } from './write-kubeconfig.ts'
export {
  certificateProblem,
  createAuthority,
  issueCertificate,
  type CertificateRequest,
  type KeyPair,
} from './certificates.ts'
export { startLeaderElection, type LeaderElection, type LeaderElectionOptions } from './leader-election.ts'
export type { Priority } from './waiting-names.ts'
export {
  createWorkQueue,
  type ProcessResult,
  type WorkQueue,
  type WorkQueueMetrics,
  type WorkQueueOptions,
} from './work-queue.ts'
export {
  applyCompared,
  applyObjects,
  byApplyOrder,
  type Comparison,
  compareObjects,
  createSettledDrift,
  pruneObjects,
  type ApplyOptions,
  type ApplyResult,
  type PruneResult,
  type SettledDrift,
} from './apply-objects.ts'
export { findDrift, type Difference } from './drift.ts'
export { quantityValue } from './quantity.ts'
export { leanFor } from './lean-object.ts'
export {
  startAdmissionServer,
  type AdmissionHandler,
  type AdmissionServer,
  type AdmissionServerOptions,
} from './admission-server.ts'
export {
  type AdmissionAnswer,
  type AdmissionRequest,
  type Admit,
  type Convert,
  reviewAdmission,
} from './admission-review.ts'
export type { StreamAnswer, Transport } from './transport.ts'
export type { Answer, Call } from './unary-call.ts'
export { readCertificate, watchCertificate } from './certificate-directory.ts'
export { discover, discoveryOf, resourceOf, type Discovery, type ServedResource } from './discovery.ts'
export { createEventRecorder, type EventContent, type EventRecorder } from './event-recorder.ts'
