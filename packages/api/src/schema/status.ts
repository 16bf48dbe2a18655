import { but, flag, int32, int64, integer, list, map, object, oneOf, type Schema, text, textMap } from './schema.ts'

export const condition = object(
  'One condition.',
  {
    type: text('What it is about.'),
    status: text('True, False or Unknown.') as Schema<'True' | 'False' | 'Unknown'>,
    reason: text('One word for the cause, for machines.'),
    message: text('A sentence for people.'),
    severity: text('Empty for an error, else Warning or Info.'),
    lastTransitionTime: text('When status last changed.'),
  },
  ['type', 'status'],
)

/** The part of a status that all our kinds with conditions share. */
export const statusFields = {
  observedGeneration: int64('The generation of this object that the status speaks about.'),
  conditions: list('The conditions.', condition),
  annotations: textMap('Further facts for tools.'),
}

export const address = object('Address inside the cluster.', {
  url: text('The URL.'),
  name: text('Name of the address, if there are several.'),
  CACerts: text('Certificates to trust, in PEM.'),
  audience: text('Audience of the tokens it takes.'),
})

const modelStates = ['', 'Pending', 'Standby', 'Loading', 'Loaded', 'FailedToLoad'] as const
export type ModelState = (typeof modelStates)[number]

const modelFailureReasons = [
  'ModelLoadFailed',
  'RuntimeUnhealthy',
  'RuntimeDisabled',
  'NoSupportingRuntime',
  'RuntimeNotRecognized',
  'InvalidPredictorSpec',
] as const
export type FailureReason = (typeof modelFailureReasons)[number]

const transitionStatuses = ['', 'UpToDate', 'InProgress', 'BlockedByFailedLoad', 'InvalidSpec'] as const
export type TransitionStatus = (typeof transitionStatuses)[number]

export const modelStatus = object('How loading the model goes.', {
  transitionStatus: oneOf('Whether the service runs what the spec asks for.', transitionStatuses),
  states: object('The states of the model.', {
    activeModelState: oneOf('State of the model that takes requests.', modelStates),
    targetModelState: oneOf('State of the model that will take over.', modelStates),
  }),
  copies: object('The replicas of the model.', {
    failedCopies: integer('How many could not load it.'),
    totalCopies: integer('How many there are.'),
  }),
  lastFailureInfo: object('The last failure.', {
    location: text('The component or pod that failed.'),
    reason: oneOf('What kind of failure.', modelFailureReasons),
    message: text('A sentence for people.'),
    modelRevisionName: text('The revision that failed.'),
    time: text('When it happened.', { format: 'date-time' }),
    exitCode: int32('Exit code of the container.'),
  }),
})

const traffic = list(
  'How requests are shared out.',
  object('One share.', {
    configurationName: text('Knative configuration whose newest revision gets it.'),
    revisionName: text('The revision that gets it.'),
    latestRevision: flag('Whether that is the newest.'),
    percent: int64('The share.'),
    tag: text('Name by which the share can be called alone.'),
    url: text('Where it can be called alone.'),
  }),
)

/** status.components.<name> */
export const componentStatus = object('One component.', {
  url: text('Its URL.'),
  restUrl: text('Its REST endpoint.'),
  grpcUrl: text('Its gRPC endpoint.'),
  address: but(address, { description: 'Its address inside the cluster.' }),
  latestReadyRevision: text('Newest revision that became ready.'),
  latestCreatedRevision: text('Newest revision.'),
  latestRolledoutRevision: text('Revision that last had all the traffic.'),
  previousRolledoutRevision: text('The one before it.'),
  traffic,
})

export const componentStatuses = map('The components by name.', componentStatus)
