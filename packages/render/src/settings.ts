import type { ClusterConfig } from '@millrace/api'

/** `inferenceservice-config`, parsed: everything that rendering depends on besides objects. */
export type Settings = ClusterConfig
export type IngressSettings = ClusterConfig['ingress']
export type RouterSettings = ClusterConfig['router']
