import type { Difference } from './difference.ts'

/** One place in which a rule shows. */
export interface Place {
  /** Matched against the difference's path. */
  readonly path: RegExp
  readonly theirs?: RegExp
  readonly ours?: RegExp
}

/** One thing that is done differently on purpose. A difference in a case must be covered by one of these, or it fails. */
export interface Rule {
  readonly name: string
  /** Why ours is right: the text of docs/deliberate-differences.md. */
  readonly why: string
  readonly places: readonly Place[]
}

const absent = /^<absent>$/
const there = /^there$/

export const rules: readonly Rule[] = [
  {
    name: 'InitialScale',
    why: 'The initial scale is decided: the user’s annotation, else minReplicas, else the cluster’s default, within the maximum. What comes from the cluster alone never makes a revision.',
    places: [
      { path: /annotations\.autoscaling\.knative\.dev\/initial-scale$/ },
      { path: /metadata\.annotations(\.internal\.serving\.kserve\.io\/template-hash)?$/, theirs: absent, ours: /template-hash|^[0-9a-f]{16}$/ },
    ],
  },
  {
    name: 'RefusedWhole',
    why: 'What cannot be served as it stands is refused whole, with a condition that says why and what to do. KServe makes a part of it, or says nothing.',
    places: [
      { path: /refused (unseen )?status \S+ \|(\.conditions|\.modelStatus)/ },
      { path: /refused (unseen )?object \S+$/, theirs: there, ours: absent },
      { path: /refused (unseen )?status \S+ \|\.(components|deploymentMode|servingRuntimeName|clusterServingRuntimeName)/ },
    ],
  },
  {
    name: 'UnseenGeneration',
    why: 'A child’s status counts only for the spec that its controller has seen; until then readiness is Unknown. KServe shows what the older spec had.',
    places: [{ path: /unseen status \S+ \|\.(conditions|modelStatus)/ }],
  },
  {
    name: 'NothingLeftBehind',
    why: 'What is no longer rendered is removed: of a removed component, canary or metric, of a stopped graph, of a service that became local to the cluster. KServe leaves it.',
    places: [
      { path: /^step \d+ object \S+$/, theirs: there, ours: absent },
      { path: /^step \d+ .*status InferenceService\S* \|\.(components\.\w+|conditions\.\w+)$/, ours: absent },
    ],
  },
  {
    name: 'MetadataFollows',
    why: 'Labels and annotations of children follow those of the service. KServe writes them once on most kinds.',
    places: [{ path: /^step \d+ .*object \S+ \|\.metadata\.(labels|annotations)/ }],
  },
  {
    name: 'OwnAnnotationsStay',
    why: 'Annotations that stay on the service by the disallow list stay off the Ingress too.',
    places: [{ path: /object Ingress\S* \|\.metadata\.annotations/, ours: absent }],
  },
  {
    name: 'DisruptionBudget',
    why: 'Where two replicas or more are promised, a PodDisruptionBudget keeps drains from taking more than one.',
    places: [{ path: /object PodDisruptionBudget/, theirs: absent, ours: there }],
  },
  {
    name: 'LogSourceIsThePod',
    why: 'Logged requests name the pod they come from. KServe takes the name at admission, when pods of controllers have none yet.',
    places: [
      { path: /containers\.agent\.args\.\d+$/, theirs: /-pod$/, ours: /^\$\(POD_NAME\)$/ },
      { path: /containers\.agent\.env(\.POD_NAME)?$/, theirs: absent, ours: /metadata\.name/ },
    ],
  },
  {
    name: 'ModelcarCheck',
    why: 'The container that looks whether an image holds a model checks the same, and says what to do.',
    places: [{ path: /initContainers\.\d+\.args\.2$/, theirs: /Pre-fetching modelcar/, ours: /holds no model/ }],
  },
  {
    name: 'GraphModeRecorded',
    why: 'A graph’s deployment mode is in its status, as a service’s is, so that a changed default does not move it.',
    places: [{ path: /status InferenceGraph\S* \|\.deploymentMode$/, theirs: absent }],
  },
  {
    name: 'GraceFromTimeout',
    why: 'A pod that stops gets the time that its longest request may take (`timeout`), as in Knative mode.',
    places: [{ path: /pod Deployment\S* \|\.spec\.terminationGracePeriodSeconds$/, theirs: absent }],
  },
  {
    name: 'OwnScripts',
    why: 'The multi-node runtime’s shell scripts are our own.',
    places: [
      { path: /containers\.(kserve|worker)-container\.(command|(liveness|readiness|startup)Probe\.exec\.command)\.\d+$/ },
    ],
  },
  {
    name: 'IngressHosts',
    why: 'Every component has a host of its own that leads to it. KServe’s Ingress names one host twice and has none for the explainer.',
    places: [{ path: /object Ingress\S* \|\.spec\.rules/ }],
  },
]

export function ruleFor(difference: Difference): Rule | undefined {
  return rules.find(({ places }) =>
    places.some(
      (place) =>
        place.path.test(difference.path) &&
        (place.theirs?.test(text(difference.theirs)) ?? true) &&
        (place.ours?.test(text(difference.ours)) ?? true),
    ),
  )
}

function text(value: unknown): string {
  return value === undefined ? '<absent>' : typeof value === 'string' ? value : JSON.stringify(value)
}
