import type { Resource } from './wire.ts'

/** The kinds that every Kubernetes has, by name. Kinds that come with a CRD belong to the package that knows them. */
export const resources = {
  pods: namespaced('', 'v1', 'pods', 'Pod'),
  services: namespaced('', 'v1', 'services', 'Service'),
  configMaps: namespaced('', 'v1', 'configmaps', 'ConfigMap'),
  secrets: namespaced('', 'v1', 'secrets', 'Secret'),
  serviceAccounts: namespaced('', 'v1', 'serviceaccounts', 'ServiceAccount'),
  events: namespaced('', 'v1', 'events', 'Event'),
  endpoints: namespaced('', 'v1', 'endpoints', 'Endpoints'),
  persistentVolumeClaims: namespaced('', 'v1', 'persistentvolumeclaims', 'PersistentVolumeClaim'),
  podTemplates: namespaced('', 'v1', 'podtemplates', 'PodTemplate'),
  replicationControllers: namespaced('', 'v1', 'replicationcontrollers', 'ReplicationController'),
  resourceQuotas: namespaced('', 'v1', 'resourcequotas', 'ResourceQuota'),
  limitRanges: namespaced('', 'v1', 'limitranges', 'LimitRange'),
  namespaces: cluster('', 'v1', 'namespaces', 'Namespace'),
  nodes: cluster('', 'v1', 'nodes', 'Node'),
  persistentVolumes: cluster('', 'v1', 'persistentvolumes', 'PersistentVolume'),
  deployments: namespaced('apps', 'v1', 'deployments', 'Deployment'),
  replicaSets: namespaced('apps', 'v1', 'replicasets', 'ReplicaSet'),
  statefulSets: namespaced('apps', 'v1', 'statefulsets', 'StatefulSet'),
  daemonSets: namespaced('apps', 'v1', 'daemonsets', 'DaemonSet'),
  controllerRevisions: namespaced('apps', 'v1', 'controllerrevisions', 'ControllerRevision'),
  jobs: namespaced('batch', 'v1', 'jobs', 'Job'),
  cronJobs: namespaced('batch', 'v1', 'cronjobs', 'CronJob'),
  horizontalPodAutoscalers: namespaced('autoscaling', 'v2', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler'),
  podDisruptionBudgets: namespaced('policy', 'v1', 'poddisruptionbudgets', 'PodDisruptionBudget'),
  ingresses: namespaced('networking.k8s.io', 'v1', 'ingresses', 'Ingress'),
  networkPolicies: namespaced('networking.k8s.io', 'v1', 'networkpolicies', 'NetworkPolicy'),
  ingressClasses: cluster('networking.k8s.io', 'v1', 'ingressclasses', 'IngressClass'),
  endpointSlices: namespaced('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice'),
  leases: namespaced('coordination.k8s.io', 'v1', 'leases', 'Lease'),
  roles: namespaced('rbac.authorization.k8s.io', 'v1', 'roles', 'Role'),
  roleBindings: namespaced('rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding'),
  clusterRoles: cluster('rbac.authorization.k8s.io', 'v1', 'clusterroles', 'ClusterRole'),
  clusterRoleBindings: cluster('rbac.authorization.k8s.io', 'v1', 'clusterrolebindings', 'ClusterRoleBinding'),
  validatingWebhookConfigurations: cluster(
    'admissionregistration.k8s.io',
    'v1',
    'validatingwebhookconfigurations',
    'ValidatingWebhookConfiguration',
  ),
  mutatingWebhookConfigurations: cluster(
    'admissionregistration.k8s.io',
    'v1',
    'mutatingwebhookconfigurations',
    'MutatingWebhookConfiguration',
  ),
  customResourceDefinitions: cluster(
    'apiextensions.k8s.io',
    'v1',
    'customresourcedefinitions',
    'CustomResourceDefinition',
  ),
  apiServices: cluster('apiregistration.k8s.io', 'v1', 'apiservices', 'APIService'),
  storageClasses: cluster('storage.k8s.io', 'v1', 'storageclasses', 'StorageClass'),
  priorityClasses: cluster('scheduling.k8s.io', 'v1', 'priorityclasses', 'PriorityClass'),
  tokenReviews: cluster('authentication.k8s.io', 'v1', 'tokenreviews', 'TokenReview'),
  subjectAccessReviews: cluster('authorization.k8s.io', 'v1', 'subjectaccessreviews', 'SubjectAccessReview'),
  selfSubjectAccessReviews: cluster(
    'authorization.k8s.io',
    'v1',
    'selfsubjectaccessreviews',
    'SelfSubjectAccessReview',
  ),
} satisfies Readonly<Record<string, Resource>>

function namespaced(group: string, version: string, plural: string, kind: string): Resource {
  return { group, version, plural, kind, namespaced: true }
}

function cluster(group: string, version: string, plural: string, kind: string): Resource {
  return { group, version, plural, kind, namespaced: false }
}
