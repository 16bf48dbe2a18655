import type { PodSpec } from '@millrace/api'

export type StringMap = Readonly<Record<string, string>>

/** What a Pod is made of: the template of a Deployment or a Knative revision, or a Pod in admission. */
export interface PodTemplate {
  readonly metadata: {
    /** Pods of a controller have none at admission; templates carry the workload's. */
    readonly name?: string
    readonly namespace: string
    readonly labels: StringMap
    readonly annotations: StringMap
  }
  readonly spec: PodSpec
}
