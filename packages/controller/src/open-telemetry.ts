import type { Context, Span as OtelSpan, Tracer } from '@opentelemetry/api'
import type { Log } from '@millrace/kube'
import type { Span, Tracing } from './tracing.ts'

type Environment = Readonly<Record<string, string | undefined>>

const serviceName = 'millrace-controller'
/** An exporter that cannot send says so for each batch: this often it is passed on. */
const complaintMs = 60_000

/**
 * Sends traces where the standard variables say (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, …_HEADERS,
 * OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, …), as OTLP over HTTP in JSON. Undefined: none is set, or
 * tracing is turned off. The SDK takes 22 MB and half a second to load: only for those who want it. It reads the variables
 * of the process.
 */
export async function startTracing(environment: Environment, log: Log): Promise<Tracing | undefined> {
  const endpoint = environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? environment['OTEL_EXPORTER_OTLP_ENDPOINT']
  const isOff = environment['OTEL_SDK_DISABLED'] === 'true' || environment['OTEL_TRACES_EXPORTER'] === 'none'
  if (!endpoint || isOff) return undefined
  const [api, sdk, otlp, resources] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ])
  const complain = complainer(log)
  const ignore = () => {}
  api.diag.setLogger({ error: complain, warn: complain, info: ignore, debug: ignore, verbose: ignore })
  const detected = resources.detectResources({ detectors: [resources.envDetector] })
  const resource = resources.resourceFromAttributes({ 'service.name': serviceName }).merge(detected)
  const processor = new sdk.BatchSpanProcessor(new otlp.OTLPTraceExporter())
  const provider = new sdk.BasicTracerProvider({ resource, spanProcessors: [processor] })
  log.info('Traces are sent', { to: hostOf(endpoint) })
  return {
    root: spanIn({ api, tracer: provider.getTracer('millrace') }, api.ROOT_CONTEXT),
    close: async () => {
      await provider
        .shutdown()
        .catch((error: unknown) => log.warn('The last traces were not sent', { error: String(error) }))
    },
  }
}

interface Tools {
  readonly api: typeof import('@opentelemetry/api')
  readonly tracer: Tracer
}

function spanIn(tools: Tools, context: Context, own?: OtelSpan): Span {
  const { api, tracer } = tools
  return {
    isRecording: own?.isRecording() ?? true,
    part: async (name, facts, run) => {
      const span = tracer.startSpan(name, { attributes: facts }, context)
      try {
        return await run(spanIn(tools, api.trace.setSpan(context, span), span))
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        span.setStatus({ code: api.SpanStatusCode.ERROR, message })
        if (error instanceof Error) span.recordException(error)
        throw error
      } finally {
        span.end()
      }
    },
  }
}

function complainer(log: Log): (message: string) => void {
  let toldAt = Number.NEGATIVE_INFINITY
  return (message) => {
    if (performance.now() - toldAt < complaintMs) return
    toldAt = performance.now()
    log.warn('Traces cannot be sent', { error: message })
  }
}

/** Without what may be secret in it. */
function hostOf(endpoint: string): string {
  return URL.canParse(endpoint) ? new URL(endpoint).host : endpoint
}
