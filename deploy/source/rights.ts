import { group as serving, resources as ours } from '@millrace/api'
import {
  certificateSecretName,
  configurationName,
  lastGoodName,
  leaseName,
  primaryResources,
  watchedKinds,
} from '@millrace/controller'
import { resources } from '@millrace/kube'

/** One rule of RBAC, and why the controller needs it. */
export interface Right {
  readonly group: string
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
  /** These objects alone. */
  readonly names?: readonly string[]
  readonly why: string
  /** By verb: why no call of the controller's shows that it is needed. A test waits for a call of every other. */
  readonly unseen?: Readonly<Record<string, string>>
  /** Absent: always. */
  readonly only?: 'own certificates' | 'watched namespaces'
}

const follow = ['list', 'watch']
/** Why making things needs a right that no call shows. */
const appliedUnseen = 'A patch by server-side apply makes it; then the API server asks for this right too.'
const make = ['list', 'watch', 'create', 'patch', 'delete']

/** On kinds that live in namespaces: everywhere, or in the namespaces that are served. */
export const serviceRights: readonly Right[] = [
  {
    group: serving,
    resources: plurals(primaryResources),
    verbs: ['get', ...follow, 'patch'],
    why: 'These are looked after. Where the local copy may be old, the server is asked. A patch takes off the finalizers that KServe left.',
  },
  {
    group: serving,
    resources: primaryResources.map(({ plural }) => `${plural}/status`),
    verbs: ['update'],
    why: 'Their status is written.',
  },
  {
    group: serving,
    resources: primaryResources.map(({ plural }) => `${plural}/finalizers`),
    verbs: ['update'],
    why: 'What is made for them names them as owners that wait for it; some clusters ask for this right then.',
    unseen: { update: 'OwnerReferencesPermissionEnforcement asks for it when a child is written: nobody calls it.' },
  },
  ...readRights(true),
  {
    group: '',
    resources: ['pods/log'],
    verbs: ['get'],
    why: "The last words of a container that crashed without a message, for the service's status.",
  },
  ...childRights(),
  {
    group: '',
    resources: ['secrets'],
    verbs: ['get', ...follow],
    why: 'Credentials for storage: which keys a Secret has decides what a pod gets. Only metadata is listed and watched; what a service names is read.',
  },
  { group: '', resources: ['events'], verbs: ['create', 'patch'], why: 'News about services.' },
]

/** On kinds of the whole cluster. */
export const clusterRights: readonly Right[] = [
  ...readRights(false),
  {
    group: resources.customResourceDefinitions.group,
    resources: ['customresourcedefinitions'],
    verbs: follow,
    why: 'What the cluster serves: a kind is followed as soon as it is installed.',
  },
  {
    group: resources.customResourceDefinitions.group,
    resources: ['customresourcedefinitions'],
    verbs: ['patch'],
    names: [`${ours.inferenceServices.plural}.${serving}`],
    why: 'The authority of its own certificate is filled in for the conversion webhook.',
    only: 'own certificates',
  },
  {
    group: resources.validatingWebhookConfigurations.group,
    resources: ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'],
    verbs: [...follow, 'patch'],
    names: [configurationName],
    why: 'The authority of its own certificate is filled in for the webhooks.',
    only: 'own certificates',
  },
  {
    group: '',
    resources: ['configmaps'],
    verbs: follow,
    names: ['config-autoscaler', 'config-domain'],
    why: "Knative's settings, where not all ConfigMaps may be read.",
    only: 'watched namespaces',
  },
]

/** In the controller's own namespace. */
export const ownRights: readonly Right[] = [
  { group: resources.leases.group, resources: ['leases'], verbs: ['create'], why: 'The turn to work is taken.' },
  {
    group: resources.leases.group,
    resources: ['leases'],
    verbs: ['get', 'update'],
    names: [leaseName],
    why: 'The turn to work is kept and given back.',
  },
  {
    group: '',
    resources: ['configmaps'],
    verbs: ['get', ...follow],
    why: 'The configuration, and the CA bundle that it names, where not all ConfigMaps may be read.',
    only: 'watched namespaces',
  },
  {
    group: '',
    resources: ['configmaps'],
    verbs: ['create'],
    why: 'The last configuration without a mistake is kept, so that a restart puts no defaults in its place.',
    unseen: { create: appliedUnseen },
    only: 'watched namespaces',
  },
  {
    group: '',
    resources: ['configmaps'],
    verbs: ['patch'],
    names: [lastGoodName],
    why: 'It is kept up to date.',
    only: 'watched namespaces',
  },
  {
    group: '',
    resources: ['events'],
    verbs: ['create', 'patch'],
    why: 'News about mistakes in the configuration.',
    only: 'watched namespaces',
  },
  {
    group: '',
    resources: ['secrets'],
    verbs: ['create'],
    why: 'Its own certificate is kept for all its replicas.',
    only: 'own certificates',
  },
  {
    group: '',
    resources: ['secrets'],
    verbs: ['get', ...follow, 'update'],
    names: [certificateSecretName],
    why: 'Its own certificate is read, renewed, and followed: another replica may renew it, or somebody rotate it.',
    only: 'own certificates',
  },
]

interface Named {
  readonly group: string
  readonly plural: string
}

function plurals(all: readonly Named[]): readonly string[] {
  return [...new Set(all.map(({ plural }) => plural))].sort()
}

/** Kinds that are only read, by group. */
function readRights(namespaced: boolean): readonly Right[] {
  const why: Readonly<Record<string, string>> = {
    '': 'Pods tell why a service is not ready; service accounts name its credentials.',
    [serving]: 'What services refer to.',
    'operator.knative.dev': "Knative's settings, where its operator looks after them.",
  }
  const read = watchedKinds()
    .filter(({ role }) => role === 'read' || role === 'pod')
    .filter(({ resource, isClusterWide = false }) => (resource.namespaced && !isClusterWide) === namespaced)
    .map(({ resource }) => resource)
    .filter(({ kind }) => kind !== 'Secret')
  return byGroup(read).map(([group, all]) => {
    const reason = why[group]
    if (reason === undefined) throw new Error(`say in deploy/source/rights.ts why kinds of ${group} are read`)
    return { group, resources: plurals(all), verbs: follow, why: reason }
  })
}

/** Kinds that the renderer makes, by group. */
function childRights(): readonly Right[] {
  const children = watchedKinds()
    .filter(({ role }) => role === 'child')
    .map(({ resource }) => resource)
  return [
    ...byGroup(children).map(([group, all]) => ({
      group,
      resources: plurals(all),
      verbs: make,
      why: 'Made for services, kept as they were made, and deleted when no longer wanted.',
      unseen: { create: appliedUnseen },
    })),
    {
      group: '',
      resources: ['configmaps'],
      verbs: ['get'],
      why: 'Of ConfigMaps only metadata is followed; those that matter are read.',
    },
  ]
}

function byGroup<T extends Named>(all: readonly T[]): readonly (readonly [string, readonly T[]])[] {
  const groups = [...new Set(all.map(({ group }) => group))].sort()
  return groups.map((group) => [group, all.filter((one) => one.group === group)])
}
