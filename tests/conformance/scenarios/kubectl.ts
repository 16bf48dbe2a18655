import type { Scenario } from '../scenario.ts'
import { configMap, deployment, pod, service } from './sample-objects.ts'

const text = (value: object): string => JSON.stringify(value)
const file = ['-f', '-']

export const kubectlScenarios: readonly Scenario[] = [
  {
    name: 'kubectl applies, diffs and deletes from files',
    play: async (api) => {
      const first = text(deployment('d'))
      const second = text({
        ...deployment('d', { terminationGracePeriodSeconds: 5 }),
        metadata: { name: 'd', labels: { a: 'b' } },
      })
      await api.kubectl(['apply', ...file], { input: first })
      await api.kubectl(['apply', ...file], { input: first })
      await api.kubectl(['diff', ...file], { input: second })
      await api.kubectl(['apply', '--dry-run=server', '-o', 'json', ...file], { input: second })
      await api.kubectl(['apply', ...file], { input: second })
      await api.kubectl(['diff', ...file], { input: second })
      await api.kubectl(['get', 'deployment', 'd', '-o', 'json', '--show-managed-fields'])
      await api.kubectl(['apply', '--server-side', ...file], { input: second })
      await api.kubectl(['apply', '--server-side', '--field-manager=other', ...file], {
        input: first.replace('nginx:1.27', 'nginx:2'),
      })
      await api.kubectl(['apply', '--server-side', '--field-manager=other', '--force-conflicts', ...file], {
        input: first.replace('nginx:1.27', 'nginx:2'),
      })
      await api.kubectl(['apply', '--validate=strict', ...file], { input: text({ ...configMap('x'), dta: {} }) })
      await api.kubectl(['create', ...file], { input: first })
      await api.kubectl(['replace', ...file], { input: second })
      await api.kubectl(['delete', ...file], { input: first })
      await api.kubectl(['delete', ...file], { input: first })
      await api.kubectl(['delete', '--ignore-not-found', ...file], { input: first })
    },
  },
  {
    name: 'kubectl creates, labels, annotates, patches, edits and scales',
    play: async (api) => {
      await api.kubectl(['create', 'configmap', 'c', '--from-literal=a=1', '--from-literal=b=2'])
      await api.kubectl(['create', 'configmap', 'c', '--from-literal=a=1'])
      await api.kubectl(['create', 'deployment', 'd', '--image=nginx:1.27', '--replicas=2', '--port=80'])
      await api.kubectl(['create', 'secret', 'generic', 's', '--from-literal=p=q'])
      await api.kubectl(['expose', 'deployment', 'd', '--port=80'])
      await api.kubectl(['autoscale', 'deployment', 'd', '--max=5', '--cpu-percent=80'])
      await api.kubectl(['label', 'configmap', 'c', 'x=y'])
      await api.kubectl(['label', 'configmap', 'c', 'x=z'])
      await api.kubectl(['label', 'configmap', 'c', 'x=z', '--overwrite'])
      await api.kubectl(['label', 'configmap', 'c', 'x-'])
      await api.kubectl(['annotate', 'configmap', 'c', 'note=hello'])
      await api.kubectl([
        'patch',
        'deployment',
        'd',
        '-p',
        '{"spec":{"template":{"spec":{"containers":[{"name":"nginx","image":"nginx:2"}]}}}}',
      ])
      await api.kubectl([
        'patch',
        'deployment',
        'd',
        '--type=json',
        '-p',
        '[{"op":"replace","path":"/spec/replicas","value":3}]',
      ])
      await api.kubectl(['patch', 'deployment', 'd', '--type=merge', '-p', '{"spec":{"replicas":"x"}}'])
      await api.kubectl([
        'patch',
        'deployment',
        'd',
        '--subresource=status',
        '--type=merge',
        '-p',
        '{"status":{"replicas":1}}',
      ])
      await api.kubectl(['set', 'image', 'deployment/d', 'nginx=nginx:3'])
      await api.kubectl(['scale', 'deployment', 'd', '--replicas=5'])
      await api.kubectl(['scale', 'deployment', 'd', '--replicas=1', '--current-replicas=9'])
      await api.kubectl(['edit', 'configmap', 'c'], { environment: { EDITOR: 'sed -i s/hello/bye/' } })
      await api.kubectl(['edit', 'configmap', 'c'], { environment: { EDITOR: 'true' } })
      await api.kubectl(['edit', 'configmap', 'c'], { environment: { KUBE_EDITOR: 'sed -i s/name:.c$/name:.other/' } })
      await api.kubectl(['get', 'configmap', 'c', '-o', 'json'])
      await api.kubectl([
        'run',
        'p',
        '--image=busybox',
        '--restart=Never',
        '--overrides={"spec":{"automountServiceAccountToken":false}}',
      ])
      await api.kubectl(['get', 'pod', 'p', '-o', 'json'])
      await api.kubectl(['delete', 'pod', 'p', '--now'])
      await api.kubectl(['delete', 'configmap', 'c', 'absent'])
      await api.kubectl(['delete', 'deployment', '--all'])
    },
  },
  {
    name: 'kubectl gets, describes and waits',
    play: async (api) => {
      for (const [path, object] of [
        ['apps/v1/deployments', deployment('d')],
        ['v1/services', service('s')],
        ['v1/pods', pod('p')],
        ['v1/configmaps', configMap('c', { k: 'v' })],
      ] as const) {
        await api.quietly('POST', path, { body: object })
      }
      await api.quietly('PATCH', 'apps/v1/deployments/d/status', {
        contentType: 'application/merge-patch+json',
        body: {
          status: {
            replicas: 1,
            readyReplicas: 1,
            availableReplicas: 1,
            updatedReplicas: 1,
            observedGeneration: 1,
            conditions: [{ type: 'Available', status: 'True', reason: 'Fine', message: 'It runs' }],
          },
        },
      })
      await api.kubectl(['get', 'all'])
      await api.kubectl(['get', 'deploy,svc', '-o', 'wide'])
      await api.kubectl(['get', 'cm', 'c', '-o', 'yaml'])
      await api.kubectl(['get', 'pods', '-l', 'app=p', '--show-labels'])
      await api.kubectl(['get', 'pods', '--field-selector', 'status.phase=Pending', '-o', 'name'])
      await api.kubectl(['get', 'pods', '--sort-by=.metadata.name', '-o', 'jsonpath={.items[*].metadata.name}'])
      await api.kubectl(['get', 'pods', '-o', 'custom-columns=NAME:.metadata.name,SA:.spec.serviceAccountName'])
      await api.kubectl(['get', 'gadgets'])
      await api.kubectl(['get', 'pod', 'absent'])
      await api.kubectl(['describe', '--show-events=false', 'deployment', 'd'])
      await api.kubectl(['describe', '--show-events=false', 'service', 's'])
      await api.kubectl(['describe', '--show-events=false', 'pod', 'p'])
      await api.kubectl(['describe', 'configmap', 'c'])
      await api.kubectl(['wait', '--for=condition=Available', 'deployment/d', '--timeout=5s'])
      await api.kubectl(['wait', '--for=jsonpath={.spec.replicas}=1', 'deployment/d', '--timeout=5s'])
      await api.kubectl(['wait', '--for=condition=Ready', 'pod/p', '--timeout=1s'])
      await api.kubectl(['rollout', 'status', 'deployment/d', '--timeout=5s'])
      await api.kubectl(['wait', '--for=delete', 'pod/absent', '--timeout=5s'])
      await api.kubectl(['auth', 'can-i', 'create', 'pods'])
      await api.kubectl(['auth', 'whoami', '-o', 'json'])
    },
  },
  {
    name: 'kubectl explains and lists resources',
    play: async (api) => {
      // Fields and types: the embedded server does not carry the descriptions of built-in kinds.
      const keep = (line: string): boolean => /\t</.test(line) || /^[A-Z]+:/.test(line)
      await api.kubectl(['explain', 'configmap'], { keep })
      await api.kubectl(['explain', 'deployment.spec.template.spec.containers.resources'], { keep })
      await api.kubectl(['explain', 'pod.spec.nothing'])
      await api.kubectl(['explain', 'hpa.spec', '--recursive'], { keep })
      for (const group of ['apps', 'batch', 'networking.k8s.io', 'rbac.authorization.k8s.io', '']) {
        await api.kubectl(['api-resources', `--api-group=${group}`, '-o', 'wide', '--no-headers', '--sort-by=name'])
      }
      await api.kubectl(['api-resources', '--api-group=autoscaling'])
    },
  },
  {
    name: 'kubectl works with custom kinds',
    play: async (api) => {
      const schema = {
        type: 'object',
        description: 'A gizmo.',
        properties: {
          spec: {
            type: 'object',
            description: 'What is wanted.',
            properties: {
              size: { type: 'integer', description: 'How large it is.' },
              items: { type: 'array', items: { type: 'string' } },
            },
          },
          status: {
            type: 'object',
            properties: {
              conditions: {
                type: 'array',
                items: { type: 'object', properties: { type: { type: 'string' }, status: { type: 'string' } } },
              },
            },
          },
        },
      }
      const definition = {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'gizmos.kubectl.example.com' },
        spec: {
          group: 'kubectl.example.com',
          scope: 'Namespaced',
          names: { plural: 'gizmos', singular: 'gizmo', kind: 'Gizmo', shortNames: ['gz'] },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              schema: { openAPIV3Schema: schema },
              subresources: {
                status: {},
                scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.replicas' },
              },
              additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
            },
          ],
        },
      }
      const gizmo = (size: unknown) =>
        text({ apiVersion: 'kubectl.example.com/v1', kind: 'Gizmo', metadata: { name: 'g' }, spec: { size } })
      await api.kubectl(['apply', ...file], { input: text(definition) })
      await api.kubectl(['wait', '--for=condition=Established', 'crd/gizmos.kubectl.example.com', '--timeout=10s'])
      await api.until('/openapi/v3/apis/kubectl.example.com/v1', ({ status }) => status === 200)
      await api.until('/apis/kubectl.example.com/v1', ({ status }) => status === 200)
      await api.kubectl(['apply', ...file], { input: gizmo(1) })
      await api.kubectl(['apply', ...file], { input: gizmo(2) })
      await api.kubectl(['apply', ...file], { input: gizmo('x') })
      await api.kubectl(['apply', '--server-side', ...file], { input: gizmo(3) })
      await api.kubectl(['get', 'gz'])
      await api.kubectl(['scale', 'gizmo', 'g', '--replicas=7'])
      await api.kubectl(['patch', 'gizmo', 'g', '--type=merge', '-p', '{"spec":{"size":8}}'])
      await api.kubectl([
        'patch',
        'gizmo',
        'g',
        '--subresource=status',
        '--type=merge',
        '-p',
        '{"status":{"conditions":[{"type":"Ready","status":"True"}]}}',
      ])
      await api.kubectl(['wait', '--for=condition=Ready', 'gizmo/g', '--timeout=5s'])
      await api.kubectl(['explain', 'gizmo.spec'])
      await api.kubectl(['describe', 'gizmo', 'g'])
      await api.kubectl(['edit', 'gizmo', 'g'], { environment: { EDITOR: "sed -i 's/size: 8/size: 9/'" } })
      await api.kubectl(['get', 'gizmo', 'g', '-o', 'yaml'])
      await api.kubectl(['delete', 'crd', 'gizmos.kubectl.example.com'])
      await api.kubectl(['get', 'gizmos'])
    },
  },
]
