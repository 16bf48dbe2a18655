import { type Client, type KubeObject, nameOfObject, type ObjectName, type Resource } from '@millrace/kube'
import type { Span, SpanFacts } from './tracing.ts'

/** The client with a span for each write. */
export function tracedClient(client: Client, span: Span): Client {
  if (!span.isRecording) return client
  return {
    ...client,
    apply: (resource, object, options) =>
      span.part(`apply ${resource.kind}`, factsOf(resource, nameOfObject(object)), () =>
        client.apply(resource, object, options),
      ),
    delete: (resource, name, options) =>
      span.part(`delete ${resource.kind}`, factsOf(resource, name), () => client.delete(resource, name, options)),
    replace: <T extends KubeObject>(resource: Resource, object: T, options: Parameters<Client['replace']>[2]) =>
      span.part(
        options?.subresource === undefined ? `replace ${resource.kind}` : options.subresource,
        factsOf(resource, nameOfObject(object)),
        () => client.replace(resource, object, options),
      ),
  }
}

/** Names as OpenTelemetry's conventions for Kubernetes have them where they do. */
export function factsOf(resource: Resource, { namespace, name }: ObjectName): SpanFacts {
  return {
    'millrace.kind': resource.kind,
    'millrace.name': name,
    ...(namespace === undefined ? {} : { 'k8s.namespace.name': namespace }),
  }
}
