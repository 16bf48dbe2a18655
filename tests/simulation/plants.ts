import type { AdmissionAnswer, AdmissionRequest, Answer, Call, KubeObject } from '@millrace/kube'
import {
  knativeAutoscaler,
  observe,
  type Observed,
  type ObserveInput,
  render,
  type Rendered,
  type RenderInput,
  type RenderResult,
} from '@millrace/render'
import type { SimulationOptions } from './simulation.ts'

/** A fault that is put into a sound controller from outside: its pure core, its connection or its admission is wrapped. */
export type Plant = Pick<SimulationOptions, 'renderer' | 'transport' | 'admit'>

/** Changes what is rendered. */
export function rendering(change: (result: RenderResult, input: RenderInput) => RenderResult): Plant {
  return { renderer: { observe, render: (input) => change(render(input), input) } }
}

/** Changes each rendered object; undefined: it is left out. */
export function eachObject(change: (object: KubeObject, input: RenderInput) => KubeObject | undefined): Plant {
  return rendering((result, input) =>
    result.ok ? { ...result, objects: result.objects.flatMap((object) => change(object, input) ?? []) } : result,
  )
}

/** Changes what is rendered of pods in Knative mode: the annotations of a template. */
export function knativeAnnotations(
  change: (annotations: Record<string, string>, input: RenderInput) => Record<string, string>,
): Plant {
  return eachObject((object, input) => {
    if (!object.apiVersion.startsWith('serving.knative.dev/')) return object
    const { template, ...spec } = structuredClone(object['spec']) as KnativeSpec
    const annotations = change(template.metadata.annotations, input)
    return { ...object, spec: { ...spec, template: { ...template, metadata: { ...template.metadata, annotations } } } }
  })
}

interface KnativeSpec {
  readonly template: { readonly metadata: { readonly annotations: Record<string, string> } }
}

/** Renders as if Knative's settings were never read. */
export const withoutKnativeSettings: Plant = {
  renderer: {
    observe,
    render: (input) => {
      const { autoscaler } = knativeAutoscaler({ knativeServing: undefined, configMap: undefined })
      return render({ ...input, knative: { ...input.knative, autoscaler } })
    },
  },
}

/** Refuses what could be rendered. */
export function refused(result: Rendered, message: string): RenderResult {
  const { decisions, facts } = result
  return { ok: false, problem: { reason: 'Planted', message }, decisions, facts }
}

/** Changes the status that is written. */
export function observing(change: (status: Observed, input: ObserveInput) => Observed): Plant {
  return { renderer: { render, observe: (input) => change(observe(input), input) } }
}

/** Deletions of what matches are answered as if they were done, and are not. */
export function keeping(pattern: RegExp): Plant {
  return answering((call) =>
    call.method === 'DELETE' && pattern.test(call.path)
      ? { status: 200, headers: {}, text: '{"kind":"Status","apiVersion":"v1","status":"Success"}' }
      : undefined,
  )
}

/** The first word of discovery is taken for the last. */
export function askingOnce(): Plant {
  const known = new Map<string, Answer>()
  const isDiscovery = ({ method, path }: Call): boolean => method === 'GET' && /^\/apis?(\?|$)/.test(path)
  return {
    transport: (inner) => ({
      ...inner,
      send: async (call, deadlineMs) => {
        const before = isDiscovery(call) ? known.get(call.path) : undefined
        if (before) return before
        const answer = await inner.send(call, deadlineMs)
        if (isDiscovery(call)) known.set(call.path, answer)
        return answer
      },
    }),
  }
}

function answering(answer: (call: Call) => Answer | undefined): Plant {
  return {
    transport: (inner) => ({
      ...inner,
      send: async (call, deadlineMs) => answer(call) ?? inner.send(call, deadlineMs),
    }),
  }
}

/** Changes what admission says; what it throws is a webhook that fails. */
export function admitting(change: (answer: AdmissionAnswer, request: AdmissionRequest) => AdmissionAnswer): Plant {
  return { admit: (inner) => async (request) => change(await inner(request), request) }
}
