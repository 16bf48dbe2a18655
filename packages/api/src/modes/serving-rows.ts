import { internalAnnotations } from '../wire-keys.ts'
import type { FieldRow } from './field-row.ts'
import { deployment, everywhere, knativePod, revision } from './row-places.ts'

/** How requests are handled, and how a change comes about. */
export const servingRows: readonly FieldRow[] = [
  {
    place: 'predictor',
    field: 'containerConcurrency',
    example: { containerConcurrency: 4 },
    decidedBy: everywhere,
    outcomes: {
      Standard: [
        {
          effect: 'ignored',
          because: 'nothing stands before the server that counts requests',
          instead: 'limit it in the settings of the model server',
        },
      ],
      Knative: [{ effect: 'honoured', shows: knativePod('containerConcurrency', 4) }],
    },
  },
  ...(['transformer', 'explainer'] as const).map(
    (place): FieldRow => ({
      place,
      field: 'containerConcurrency',
      example: { containerConcurrency: 4 },
      decidedBy: everywhere,
      outcomes: {
        Standard: [
          {
            effect: 'translated',
            shows: { kind: 'Deployment', path: 'spec.template.spec.containers.0.args', includes: '--workers' },
            note: 'as the argument --workers, unless the container has it',
          },
        ],
        Knative: [{ effect: 'honoured', shows: knativePod('containerConcurrency', 4) }],
      },
    }),
  ),
  {
    place: 'component',
    field: 'timeout',
    example: { timeout: 45 },
    decidedBy: everywhere,
    outcomes: {
      Standard: [
        {
          effect: 'translated',
          shows: deployment('template.spec.terminationGracePeriodSeconds', 45),
          note: 'a pod that stops gets as long, unless terminationGracePeriodSeconds says otherwise; with the Gateway API it is the time limit of the route too',
        },
      ],
      Knative: [{ effect: 'honoured', shows: knativePod('timeoutSeconds', 45) }],
    },
  },
  {
    place: 'component',
    field: 'canaryTrafficPercent',
    example: { canaryTrafficPercent: 10 },
    decidedBy: everywhere,
    outcomes: {
      Standard: [
        {
          effect: 'ignored',
          because: 'no older revision is kept there',
          instead: 'describe the other model in spec.canary',
        },
      ],
      Knative: [{ effect: 'translated', shows: { kind: 'KnativeService', path: 'spec.traffic.0.percent', value: 10 } }],
    },
  },
  {
    place: 'spec',
    field: 'canary',
    example: {
      canary: [{ trafficPercent: 20, predictor: { name: 'next', model: { storageUri: 'pvc://models/next' } } }],
    },
    decidedBy: { Standard: ['service'], Knative: ['service'] },
    outcomes: {
      Standard: [
        {
          effect: 'translated',
          shows: {
            kind: 'Deployment next',
            path: 'spec.selector.matchLabels.app',
            value: 'isvc.example-next-predictor',
          },
          note: 'with weights where the Gateway API is used; a plain Ingress sends the canary no traffic',
        },
      ],
      Knative: [
        {
          effect: 'refused',
          because:
            'is for Standard mode only: annotate the service with serving.kserve.io/deploymentMode: Standard, or use predictor.canaryTrafficPercent',
          rule: 'canary-mode',
        },
      ],
    },
  },
  {
    place: 'component',
    field: 'deploymentStrategy',
    example: { deploymentStrategy: { type: 'Recreate' } },
    decidedBy: { Standard: ['component', 'cluster', 'default'], Knative: ['default'] },
    outcomes: {
      Standard: [{ effect: 'honoured', shows: deployment('strategy', { type: 'Recreate' }) }],
      Knative: [
        {
          effect: 'refused',
          because:
            'is for Standard mode only: remove it, or annotate the service with serving.kserve.io/deploymentMode: Standard',
          rule: 'deployment-strategy',
        },
      ],
    },
  },
  {
    place: 'predictor',
    field: 'workerSpec',
    example: { workerSpec: { pipelineParallelSize: 2, containers: [{ name: 'worker-container', image: 'w' }] } },
    given: {
      model: {
        modelFormat: { name: 'huggingface' },
        runtime: 'kserve-huggingfaceserver-multinode',
        storageUri: 'pvc://models/large',
      },
    },
    decidedBy: { Standard: ['component', 'runtime'], Knative: ['default'] },
    outcomes: {
      Standard: [
        {
          effect: 'translated',
          scaledBy: ['none'],
          shows: { kind: 'Deployment worker', path: 'spec.replicas', value: 1 },
          note: 'its pods are the workers, the predictor’s own the head',
        },
        { effect: 'refused', because: 'needs the autoscaler class none', rule: 'multi-node-autoscaler', isQuiet: true },
      ],
      Knative: [
        {
          effect: 'refused',
          because: 'is for Standard mode only, Knative has no worker pods: make the service in Standard mode',
          rule: 'multi-node-mode',
        },
      ],
    },
  },
  {
    place: 'component',
    field: 'logger',
    example: { logger: { mode: 'all', url: 'http://log' } },
    decidedBy: { Standard: ['component', 'cluster'], Knative: ['component', 'cluster'] },
    outcomes: {
      Standard: [
        {
          effect: 'translated',
          shows: { kind: 'Deployment', path: 'spec.template.spec.containers.1.name', value: 'agent' },
        },
      ],
      Knative: [
        {
          effect: 'translated',
          shows: revision(internalAnnotations.logger, 'true'),
          note: 'the pod gets its agent when Knative makes it',
        },
      ],
    },
  },
  ...(['predictor', 'transformer'] as const).map(
    (place): FieldRow => ({
      place,
      field: 'batcher',
      example: { batcher: { maxBatchSize: 8 } },
      decidedBy: { Standard: ['component', 'cluster'], Knative: ['component', 'cluster'] },
      outcomes: {
        Standard: [
          {
            effect: 'translated',
            shows: { kind: 'Deployment', path: 'spec.template.spec.containers.1.name', value: 'agent' },
          },
        ],
        Knative: [
          {
            effect: 'translated',
            shows: revision(internalAnnotations.batcher, 'true'),
            note: 'the pod gets its agent when Knative makes it',
          },
        ],
      },
    }),
  ),
  {
    place: 'explainer',
    field: 'batcher',
    example: { batcher: { maxBatchSize: 8 } },
    decidedBy: everywhere,
    outcomes: {
      Standard: [{ effect: 'ignored', because: 'explanations are not joined' }],
      Knative: [{ effect: 'ignored', because: 'explanations are not joined' }],
    },
  },
  {
    place: 'component',
    field: 'batcher.timeout',
    example: { batcher: { timeout: 3 } },
    given: { batcher: {} },
    decidedBy: everywhere,
    outcomes: {
      Standard: [
        { effect: 'ignored', because: 'the agent has one time limit for all requests', instead: 'set timeout' },
      ],
      Knative: [
        { effect: 'ignored', because: 'the agent has one time limit for all requests', instead: 'set timeout' },
      ],
    },
  },
  {
    place: 'graph',
    field: 'timeout',
    example: { timeout: 45 },
    decidedBy: everywhere,
    outcomes: {
      Standard: [{ effect: 'ignored', because: 'only Knative limits a whole graph', instead: 'set routerTimeouts' }],
      Knative: [{ effect: 'honoured', shows: knativePod('timeoutSeconds', 45) }],
    },
  },
]
