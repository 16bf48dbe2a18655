import { resources as serving } from '@millrace/api'
import { type KubeObject, resources } from '@millrace/kube'
import { askForNonsense, nonsense } from './nonsense.ts'
import { isStopped, labels } from './objects.ts'
import {
  admitting,
  askingOnce,
  eachObject,
  keeping,
  knativeAnnotations,
  observing,
  type Plant,
  refused,
  rendering,
  withoutKnativeSettings,
} from './plants.ts'
import type { Simulation } from './simulation.ts'
import {
  canaryWish,
  cpuMetric,
  graphWish,
  modelUri,
  multiNodeWish,
  podMetric,
  runtimeWish,
  serverContainer,
  serviceWish,
  sideComponent,
  type Wish,
} from './wishes.ts'
import { controllerNamespace, namespace } from './installation.ts'

/** A fault that the reference has, a story in which it shows, and the promise that is broken when it is planted. */
export interface PlantedFault {
  readonly name: string
  readonly promise: string
  readonly story: (simulation: Simulation) => Promise<void>
  /** Made anew for each run, since some remember. */
  readonly plant: () => Plant
}

const asAsked = 'children are as asked for'
const readySays = 'Ready says what is so'
const knativeKey = (name: string): string => `autoscaling.knative.dev/${name}`
const knativeMode = { 'serving.kserve.io/deploymentMode': 'Knative' }
const autoscaler = (name: string) => ({ 'serving.kserve.io/autoscalerClass': name })
const sklearn = (fields: object = {}) => ({
  model: { modelFormat: { name: 'sklearn' }, storageUri: modelUri(1) },
  ...fields,
})
const minuteMs = 60_000

const create = async ({ world, run }: Simulation, wish: Wish): Promise<void> => {
  await world.client.create(serving.inferenceServices, wish)
  await run(minuteMs)
}
const patch = async ({ world, run }: Simulation, change: object): Promise<void> => {
  await world.client.patch(serving.inferenceServices, { namespace, name: 'a' }, 'merge', change)
  await run(minuteMs)
}
const patchGraph = async ({ world, run }: Simulation, change: object): Promise<void> => {
  await world.client.patch(serving.inferenceGraphs, { namespace, name: 'graph' }, 'merge', change)
  await run(minuteMs)
}
const configure = async ({ world, run }: Simulation, data: Record<string, string>): Promise<void> => {
  const name = { namespace: controllerNamespace, name: 'inferenceservice-config' }
  await world.client.patch(resources.configMaps, name, 'merge', { data })
  await run(minuteMs)
}
const withGraph = async (simulation: Simulation): Promise<void> => {
  await create(simulation, serviceWish('a', sklearn()))
  await simulation.world.client.create(serving.inferenceGraphs, graphWish('graph', ['a']))
  await simulation.run(minuteMs)
}
const spread = async (simulation: Simulation, withWorkers: boolean): Promise<void> => {
  const runtime = runtimeWish('nodes', 'spread', 2, withWorkers)
  await simulation.world.client.create(serving.servingRuntimes, runtime)
  await create(simulation, serviceWish('a', multiNodeWish(1, 'nodes'), autoscaler('none')))
}
/** A Knative service that was made long after the settings, of which the cluster wants more pods at first than it may have. */
const lateKnativeService = async (simulation: Simulation): Promise<void> => {
  await simulation.run(25 * minuteMs)
  await create(simulation, serviceWish('a', sklearn({ maxReplicas: 2 }), knativeMode))
}

function omit(record: Record<string, string>, key: string): Record<string, string> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key))
}

const isWorker = ({ kind, metadata }: KubeObject): boolean =>
  kind === 'Deployment' && (metadata.name?.endsWith('-worker') ?? false)

export const plantedFaults: readonly PlantedFault[] = [
  {
    name: 'initial-scale is never derived from the settings of the cluster',
    promise: asAsked,
    story: async (simulation) => {
      await simulation.cluster.setProduct('Knative', true)
      await simulation.cluster.setAutoscaler({ 'initial-scale': '5' })
      await lateKnativeService(simulation)
    },
    plant: () => withoutKnativeSettings,
  },
  {
    name: 'the KnativeServing object is never read',
    promise: asAsked,
    story: async (simulation) => {
      await simulation.cluster.setProduct('Knative', true)
      await simulation.cluster.setProduct('Knative operator', true)
      await lateKnativeService(simulation)
    },
    plant: () => withoutKnativeSettings,
  },
  {
    name: 'a missing config-autoscaler blocks every Knative service, with no message in its status',
    promise: readySays,
    story: async (simulation) => {
      await simulation.cluster.setProduct('Knative', true)
      await create(simulation, serviceWish('a', sklearn(), knativeMode))
    },
    plant: () =>
      rendering((result, { knative }) =>
        result.ok && knative.autoscaler.source === 'default' ? refused(result, '') : result,
      ),
  },
  {
    name: 'maxReplicas 0 and unset are the same',
    promise: asAsked,
    story: async (simulation) => {
      await simulation.cluster.setProduct('Knative', true)
      await create(simulation, serviceWish('a', sklearn({ maxReplicas: 0 }), knativeMode))
    },
    plant: () =>
      knativeAnnotations((annotations) =>
        annotations[knativeKey('max-scale')] === '0' ? omit(annotations, knativeKey('max-scale')) : annotations,
      ),
  },
  {
    name: 'the max-scale annotation of a user is dropped',
    promise: asAsked,
    story: async (simulation) => {
      await simulation.cluster.setProduct('Knative', true)
      await create(simulation, serviceWish('a', sklearn(), { ...knativeMode, [knativeKey('max-scale')]: '7' }))
    },
    plant: () => knativeAnnotations((annotations) => omit(annotations, knativeKey('max-scale'))),
  },
  {
    name: 'the worker Deployment of a multi-node service is deleted and made again on each pass',
    promise: 'comes to rest',
    story: (simulation) => spread(simulation, true),
    plant: () => {
      let passes = 0
      return rendering((result) => {
        if (!result.ok || passes++ % 2 === 0) return result
        return { ...result, objects: result.objects.filter((object) => !isWorker(object)) }
      })
    },
  },
  {
    name: 'a runtime without workerSpec for a multi-node service leaves an empty status',
    promise: 'every status is about the newest generation',
    story: (simulation) => spread(simulation, false),
    plant: () => observing((status, { rendered }) => (rendered.ok ? status : {})),
  },
  ...(['transformer', 'explainer'] as const).map((component) => ({
    name: `a removed ${component} keeps its objects`,
    promise: asAsked,
    story: async (simulation: Simulation) => {
      const wish = serviceWish('a', sklearn())
      await create(simulation, { ...wish, spec: { ...wish.spec, [component]: sideComponent(2) } })
      await patch(simulation, { spec: { [component]: null } })
    },
    plant: () => keeping(new RegExp(`a-${component}`)),
  })),
  {
    name: 'a removed canary keeps its HorizontalPodAutoscaler',
    promise: asAsked,
    story: async (simulation) => {
      const wish = serviceWish('a', sklearn())
      await create(simulation, { ...wish, spec: { ...wish.spec, canary: [canaryWish(2, 20)] } })
      await patch(simulation, { spec: { canary: null } })
    },
    plant: () => keeping(/horizontalpodautoscalers\/a-canary/),
  },
  {
    name: 'a stopped graph keeps its HorizontalPodAutoscaler',
    promise: asAsked,
    story: async (simulation) => {
      await withGraph(simulation)
      await patchGraph(simulation, { metadata: { annotations: { 'serving.kserve.io/stop': 'true' } } })
    },
    plant: () => keeping(/horizontalpodautoscalers\/graph/),
  },
  {
    name: 'an OpenTelemetry collector outlives its metric',
    promise: asAsked,
    story: async (simulation) => {
      await simulation.cluster.setProduct('KEDA', true)
      await simulation.cluster.setProduct('OpenTelemetry', true)
      await simulation.run(5_000)
      const predictor = sklearn({ autoScaling: { metrics: [podMetric] } })
      await create(simulation, serviceWish('a', predictor, autoscaler('keda')))
      await patch(simulation, { spec: { predictor: { autoScaling: { metrics: [cpuMetric] } } } })
    },
    plant: () => keeping(/opentelemetrycollectors/),
  },
  ...(['Ingress', 'HTTPRoute'] as const).map((kind) => ({
    name: `a later cluster-local label leaves the ${kind} behind`,
    promise: asAsked,
    story: async (simulation: Simulation) => {
      if (kind === 'HTTPRoute') await useGatewayApi(simulation)
      await create(simulation, serviceWish('a', sklearn()))
      await patch(simulation, { metadata: { labels: { 'networking.kserve.io/visibility': 'cluster-local' } } })
    },
    plant: () => keeping(/ingresses|httproutes/),
  })),
  {
    name: 'labels of an existing Service are never updated',
    promise: asAsked,
    story: async (simulation) => {
      await create(simulation, serviceWish('a', sklearn()))
      await patch(simulation, { metadata: { labels: { team: 'one' } } })
    },
    plant: () =>
      eachObject((object, { children }) => {
        const { kind, metadata } = object
        const live = children.find((child) => child.kind === kind && child.metadata.name === metadata.name)
        return kind === 'Service' && live?.metadata.labels
          ? { ...object, metadata: { ...metadata, labels: live.metadata.labels } }
          : object
      }),
  },
  {
    name: 'the weight of a canary does nothing',
    promise: asAsked,
    story: async (simulation) => {
      await useGatewayApi(simulation)
      const wish = serviceWish('a', sklearn())
      await create(simulation, { ...wish, spec: { ...wish.spec, canary: [canaryWish(2, 20)] } })
    },
    plant: () =>
      eachObject((object) => {
        if (object.kind !== 'HTTPRoute') return object
        const spec = structuredClone(object['spec']) as { rules: { backendRefs: object[] }[] }
        for (const rule of spec.rules) rule.backendRefs = rule.backendRefs.slice(0, 1)
        return { ...object, spec }
      }),
  },
  {
    name: 'a graph stays Ready when its Deployment is no longer available',
    promise: readySays,
    story: async (simulation) => {
      await withGraph(simulation)
      simulation.world.node.setSick(({ metadata }) => metadata.labels?.[labels.graph] === 'graph')
    },
    plant: () =>
      observing((status, { service }) => {
        const before = Object(service['status'])
        const wasReady = JSON.stringify(before.conditions ?? []).includes('"type":"Ready","status":"True"')
        return service.kind === 'InferenceGraph' && wasReady && !isStopped(service) ? before : status
      }),
  },
  {
    name: 'observedGeneration is that of a child',
    promise: 'own generation',
    story: async (simulation) => {
      await create(simulation, serviceWish('a', sklearn()))
      await patch(simulation, { spec: { predictor: { model: { storageUri: modelUri(2) } } } })
      await patch(simulation, { metadata: { labels: { team: 'one' } } })
    },
    plant: () =>
      observing((status, { children }) => {
        const child = children.find(({ kind }) => kind === 'Deployment')
        return { ...status, observedGeneration: child?.metadata.generation ?? 1 }
      }),
  },
  {
    name: 'an Ingress names one host twice and has none for the explainer',
    promise: asAsked,
    story: async (simulation) => {
      const wish = serviceWish('a', sklearn())
      const spec = { ...wish.spec, transformer: sideComponent(2), explainer: sideComponent(3) }
      await create(simulation, { ...wish, spec })
    },
    plant: () =>
      eachObject((object) => {
        if (object.kind !== 'Ingress') return object
        const { rules, ...spec } = object['spec'] as { readonly rules: readonly object[] }
        const others = rules.filter((rule) => !JSON.stringify(rule).includes('a-explainer'))
        return { ...object, spec: { ...spec, rules: [...others, ...others.slice(0, 1)] } }
      }),
  },
  {
    name: 'KEDA leaves the old HorizontalPodAutoscaler',
    promise: asAsked,
    story: async (simulation) => {
      await simulation.cluster.setProduct('KEDA', true)
      await create(simulation, serviceWish('a', sklearn()))
      const annotations = autoscaler('keda')
      await patch(simulation, {
        metadata: { annotations },
        spec: { predictor: { autoScaling: { metrics: [cpuMetric] } } },
      })
    },
    plant: () => keeping(/horizontalpodautoscalers/),
  },
  {
    name: 'error texts differ with each retry',
    promise: 'comes to rest',
    story: (simulation) => spread(simulation, false),
    plant: () => {
      let address = 0xc000
      return rendering((result) =>
        result.ok ? result : { ...result, problem: { ...result.problem, message: `at 0x${(address++).toString(16)}` } },
      )
    },
  },
  {
    name: 'custom containers are renamed by their position',
    promise: 'what we send can be read',
    story: (simulation) =>
      create(
        simulation,
        serviceWish('a', { containers: [{ name: 'beside', image: 'example/beside' }, serverContainer(1)] }),
      ),
    plant: () =>
      eachObject((object) => {
        if (object.kind !== 'Deployment') return object
        const spec = structuredClone(object['spec']) as { template: { spec: { containers: { name: string }[] } } }
        const [first] = spec.template.spec.containers
        if (first) first.name = 'kserve-container'
        return { ...object, spec }
      }),
  },
  {
    name: 'a broken ConfigMap blocks every update and every deletion',
    promise: 'nobody is refused for somebody else’s mistake',
    story: async (simulation) => {
      await create(simulation, serviceWish('a', sklearn()))
      await configure(simulation, { ingress: '{"ingressDomain": ' })
      await patch(simulation, { metadata: { labels: { team: 'one' } } }).catch(() => undefined)
      await configure(simulation, { ingress: '{"ingressDomain": "example.com"}' })
    },
    plant: () =>
      admitting((answer, { operation }) =>
        operation === 'CREATE' ? answer : { allowed: false, message: 'unable to parse ingress config json' },
      ),
  },
  {
    name: 'what is installed later needs a restart',
    promise: 'children are as rendered, and nothing else',
    story: async (simulation) => {
      await create(simulation, serviceWish('a', sklearn(), knativeMode))
      await simulation.cluster.setProduct('Knative', true)
    },
    plant: askingOnce,
  },
]

async function useGatewayApi(simulation: Simulation): Promise<void> {
  await simulation.cluster.setProduct('Gateway API', true)
  await configure(simulation, {
    ingress: JSON.stringify({
      enableGatewayApi: true,
      kserveIngressGateway: 'kserve/gateway',
      ingressDomain: 'example.com',
    }),
  })
}

/** Admission that refuses nothing, or that falls over an empty predictor. */
export const laxAdmission: Plant = {
  admit: () => (request) => {
    const { predictor } = Object(request.object?.['spec'])
    if (predictor && Object.keys(predictor).length === 0) throw new Error('invalid memory address or nil pointer')
    return { allowed: true }
  },
}

/** Asks for all the nonsense that there is. */
export async function askForAllNonsense({ context, run }: Simulation): Promise<void> {
  for (const wish of nonsense) {
    await askForNonsense(context, wish)
    await run(1_000)
  }
}
