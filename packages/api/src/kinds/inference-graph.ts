import { hostName } from '../schema/form-rules.ts'
import { nodesLead, oneTarget, rootNode, weightsSet, weightsSum } from '../schema/graph-rules.ts'
import { notBelow } from '../schema/number-rules.ts'
import { ownNodeSelector, podFields } from '../schema/pod.ts'
import { minOverMax, scalingFields } from '../schema/scaling.ts'
import { but, flag, type Infer, int64, kubernetesObject, list, map, object, oneOf, text } from '../schema/schema.ts'
import { statusFields } from '../schema/status.ts'
import { ageColumn, type KindSource, readyColumn, urlColumn } from './kind-source.ts'
import type { ServingObject } from './object-meta.ts'

export const routerTypes = ['Sequence', 'Splitter', 'Ensemble', 'Switch'] as const
export type RouterType = (typeof routerTypes)[number]

const step = but(
  object('One step. Set exactly one of nodeName, serviceName and serviceUrl.', {
    name: text("Name of the step; an Ensemble's answer is keyed by it."),
    nodeName: text('Another node of this graph.'),
    serviceName: text('An InferenceService of the same namespace.'),
    serviceUrl: text('Any URL that takes the same requests.'),
    data: text("What is sent: `$request` is the graph's request, `$response` the answer of the step before."),
    condition: text('The step is taken if this GJSON query finds something in what would be sent.'),
    weight: int64('Percent of the requests, in a Splitter.'),
    dependency: oneOf('Hard: the graph fails if the step fails. Soft, if unset: it goes on.', [
      'Soft',
      'Hard',
    ] as const),
    mapPredictionsToInstances: flag('Renames `predictions` in the answer before to `instances`, as a request needs.'),
  }),
  { rules: [oneTarget] },
)

const node = but(
  object(
    'One node.',
    {
      routerType: oneOf(
        'Sequence: one after the other. Splitter: one, by weight. Ensemble: all, answers joined. Switch: the first whose condition holds.',
        routerTypes,
      ),
      steps: list('The steps, in order.', step),
    },
    ['routerType'],
  ),
  { rules: [weightsSet, weightsSum] },
)

const spec = but(
  object(
    'How requests go from model to model.',
    {
      nodes: but(map('The nodes by name. Requests come in at `root`.', node), { rules: [rootNode, nodesLead] }),
      ...scalingFields,
      timeout: int64('Longest that a request may take, in seconds. Knative mode.', { rules: [notBelow(0, 'timeout')] }),
      routerTimeouts: object('Time limits of the router, in seconds.', {
        serverRead: int64('Reading a request.'),
        serverWrite: int64('Writing the answer.'),
        serverIdle: int64('An idle connection.'),
        serviceClient: int64('One call of a step.'),
      }),
      resources: kubernetesObject('ResourceRequirements', { description: 'CPU and memory of the router.' }),
      affinity: podFields.affinity,
      tolerations: podFields.tolerations,
      nodeSelector: ownNodeSelector,
      nodeName: podFields.nodeName,
      serviceAccountName: podFields.serviceAccountName,
    },
    ['nodes'],
  ),
  { rules: [minOverMax] },
)

const status = object('What is served.', {
  ...statusFields,
  url: text('Where to send requests.'),
  deploymentMode: text('Standard or Knative.'),
})

export interface InferenceGraphSpec extends Infer<typeof spec> {}
export interface InferenceGraphStatus extends Infer<typeof status> {}
export interface InferenceRouter extends Infer<typeof node> {}
export interface InferenceStep extends Infer<typeof step> {}
export type InferenceGraph = ServingObject<'InferenceGraph', 'v1alpha1', InferenceGraphSpec, InferenceGraphStatus>

export const inferenceGraph: KindSource = {
  kind: 'InferenceGraph',
  plural: 'inferencegraphs',
  singular: 'inferencegraph',
  shortNames: ['ig'],
  categories: ['kserve'],
  namespaced: true,
  installGroup: 'graph',
  description: 'Several services behind one URL, called in sequence, by weight, together or by condition.',
  versions: [
    {
      name: 'v1alpha1',
      served: true,
      storage: true,
      fields: { spec, status },
      required: ['spec'],
      rules: [hostName],
      statusSubresource: true,
      printerColumns: [urlColumn, readyColumn, ageColumn],
    },
  ],
}
