import { but, flag, int32, list, object, text } from './schema.ts'
import { address, componentStatuses, modelStatus, statusFields } from './status.ts'

/** status of an InferenceService, the same in every version. */
export const serviceStatus = but(
  object('What is served.', {
    ...statusFields,
    url: text('Where to send requests.'),
    address,
    components: componentStatuses,
    modelStatus,
    deploymentMode: text('Standard or Knative.'),
    servingRuntimeName: text('The ServingRuntime in use.'),
    clusterServingRuntimeName: text('The ClusterServingRuntime in use.'),
    canaryStatuses: list(
      'The canaries.',
      object(
        'One canary.',
        {
          name: text('Name of its predictor.'),
          ready: flag('Whether it takes requests.'),
          trafficPercent: int32('The share of the traffic that it gets.'),
          modelStatus,
        },
        ['name', 'ready', 'trafficPercent'],
      ),
      { listType: 'atomic' },
    ),
  }),
  { open: true },
)
