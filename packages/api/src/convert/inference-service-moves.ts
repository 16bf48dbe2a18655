import { frameworks } from '../schema/model.ts'
import { wholePodFields } from '../schema/pod.ts'
import { isRecord } from '../validate/check-schema.ts'
import type { Fields, Fold, Move, Shape } from './rename-fields.ts'

/** InferenceService from v1beta1 to v1. docs/decisions says why each field went where it is. */

const podMoves: readonly Move[] = Object.keys(wholePodFields).map((name) => ({
  from: name,
  to: ['template', 'spec', name],
}))

const batcher: Shape = {
  moves: [
    { from: 'maxLatency', to: ['maxLatencyMilliseconds'] },
    { from: 'timeout', to: ['timeoutSeconds'] },
  ],
}

const component: Shape = {
  moves: [
    { from: 'minReplicas', to: ['scaling', 'minReplicas'] },
    { from: 'maxReplicas', to: ['scaling', 'maxReplicas'] },
    { from: 'scaleMetric', to: ['scaling', 'metric'] },
    { from: 'scaleTarget', to: ['scaling', 'target'] },
    { from: 'scaleMetricType', to: ['scaling', 'targetType'] },
    { from: 'autoScaling', to: ['scaling', 'autoscaler'] },
    { from: 'deploymentStrategy', to: ['rollout', 'strategy'] },
    { from: 'canaryTrafficPercent', to: ['rollout', 'canaryTrafficPercent'] },
    { from: 'timeout', to: ['timeoutSeconds'] },
    { from: 'batcher', to: ['batcher'], inside: batcher },
    { from: 'labels', to: ['template', 'metadata', 'labels'] },
    { from: 'annotations', to: ['template', 'metadata', 'annotations'] },
    ...podMoves,
  ],
}

/** `sklearn: {…}` ⇄ `model: {framework: sklearn, …}`. What is both is left as it is: it is valid in neither version. */
const frameworkModel: Fold = {
  fold: (fields) => {
    const framework = frameworks.find((name) => isRecord(fields[name]))
    const server = framework === undefined ? undefined : fields[framework]
    if (framework === undefined || !isRecord(server) || 'model' in fields || 'framework' in server) return fields
    return { ...without(fields, framework), model: { framework, ...server } }
  },
  unfold: (fields) => {
    const { model } = fields
    if (!isRecord(model)) return fields
    const framework = frameworks.find((name) => name === model['framework'])
    if (framework === undefined || framework in fields) return fields
    return { ...without(fields, 'model'), [framework]: without(model, 'framework') }
  },
  nameOf: (field) => (frameworks.some((name) => name === field) ? 'model' : undefined),
}

function without(fields: Fields, name: string): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => field !== name))
}

const predictor: Shape = {
  fold: frameworkModel,
  moves: [
    ...component.moves,
    { from: 'model', to: ['model'], inside: { moves: [{ from: 'modelFormat', to: ['format'] }] } },
    { from: 'workerSpec', to: ['workers'], inside: { moves: podMoves } },
  ],
}

const spec: Shape = {
  moves: [
    { from: 'predictor', to: ['predictor'], inside: predictor },
    { from: 'transformer', to: ['transformer'], inside: component },
    { from: 'explainer', to: ['explainer'], inside: component },
    {
      from: 'canary',
      to: ['canaries'],
      inside: { moves: [{ from: 'predictor', to: ['predictor'], inside: predictor }] },
    },
  ],
}

export const inferenceServiceMoves: Shape = { moves: [{ from: 'spec', to: ['spec'], inside: spec }] }
