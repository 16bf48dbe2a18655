import { type Container, knativeContainerFields, knativePodFields, type PodSpec } from '@millrace/api'

/**
 * What of a pod a Knative Service has fields for. The rest cannot be told to Knative (server-side apply would refuse the whole
 * object); the table of fields by mode says so to the user.
 */
export function knativePod(pod: PodSpec): PodSpec {
  const { containers, ...fields } = pick(pod, knativePodFields)
  return { ...fields, containers: containers.map((container): Container => pick(container, knativeContainerFields)) }
}

/** Only the fields that the table names; those that a pod or container must have are among them. */
function pick<T extends object>(value: T, known: Readonly<Record<string, unknown>>): T {
  return Object.fromEntries(Object.entries(value).filter(([name]) => Object.hasOwn(known, name))) as T
}
