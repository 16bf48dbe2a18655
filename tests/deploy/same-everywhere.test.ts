import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import test, { before, describe } from 'node:test'
import { parse, stringify } from 'yaml'
import { everything } from '../../deploy/source/generated-files.ts'
import { defaultValues, type Values } from '../../deploy/source/values.ts'
import { kubernetesSkipReason } from '../kubernetes/go-toolchain.ts'
import { buildTools, type Tools } from './build-tools.ts'
import { attempt, identityOf, type Manifest, manifestsOf, root, run } from './run-tool.ts'

const overlay = (name: string): string => `deploy/kustomize/overlays/${name}`

describe('Kustomize, Helm and the plain file are the same', { skip: kubernetesSkipReason() }, () => {
  let tools: Tools
  before(async () => {
    tools = await buildTools()
  })

  /** Both charts, with values as people give them. */
  const helm = async (values: object = {}): Promise<ReadonlyMap<string, Manifest>> => {
    const texts = ['millrace-crds', 'millrace'].map((chart) =>
      run(tools.helm, ['template', 'release', `deploy/helm/${chart}`, '--values', '-'], { input: stringify(values) }),
    )
    return manifestsOf((await Promise.all(texts)).join('---\n'))
  }
  const kustomize = async (directory: string) => manifestsOf(await run(tools.kustomize, ['build', directory]))

  /** Kustomizations of one's own beside the project, as people write them: by folder, the first of which is built. */
  const ownKustomization = async (folders: (path: (folder: string) => string) => Readonly<Record<string, object>>) => {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-kustomize-'))
    try {
      const path = (folder: string) => relative(join(directory, 'any'), join(root, 'deploy/kustomize', folder))
      const all = Object.entries(folders(path))
      for (const [name, content] of all) {
        await mkdir(join(directory, name))
        await writeFile(join(directory, name, 'kustomization.yaml'), stringify(content))
      }
      return await kustomize(join(directory, all[0]?.[0] ?? ''))
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }

  test('with default values: no difference at all, in any object', async () => {
    const built = await kustomize(overlay('default'))
    assertSame(await helm(), built)
    const plain = ['install', 'runtimes'].map((name) => readFile(join(root, `deploy/${name}.yaml`), 'utf8'))
    assertSame(manifestsOf((await Promise.all(plain)).join('---\n')), built)
    assert.ok(built.size > 30, `${built.size} objects`)
  })

  test('with minimal CRDs', async () => {
    assertSame(await helm({ crds: { variant: 'minimal' } }), await kustomize(overlay('minimal-crds')))
  })

  test('with minimal CRDs and versions in preview', async () => {
    const built = await ownKustomization((path) => ({
      own: { resources: [path('overlays/minimal-crds')], components: [path('components/minimal-preview-versions')] },
    }))
    assertSame(await helm({ crds: { variant: 'minimal', preview: true } }), built)
    const crd = built.get('apiextensions.k8s.io/v1 CustomResourceDefinition /inferenceservices.serving.kserve.io')
    assert.equal(Object(crd?.['spec']).conversion.webhook.clientConfig.service.name, 'millrace-webhook')
  })

  test('with cert-manager', async () => {
    const built = await kustomize(overlay('cert-manager'))
    assertSame(await helm({ certManager: { enabled: true } }), built)
    assert.ok(built.has('cert-manager.io/v1 Certificate kserve/millrace-webhook'))
  })

  test('serving one namespace, with rights in that alone', async () => {
    const built = await kustomize(overlay('one-namespace'))
    assertSame(await helm({ watchNamespaces: ['models'] }), built)
    const services = 'rbac.authorization.k8s.io/v1 ClusterRoleBinding /millrace-controller-services'
    assert.equal(built.has(services), false)
  })

  test('in place of KServe: its configuration and runtimes stay', async () => {
    const values = {
      configMap: { create: false },
      runtimes: { enabled: false },
      storageContainers: { enabled: false },
    }
    assertSame(await helm(values), await kustomize(overlay('in-place-of-kserve')))
  })

  test('with only the core kinds, no preview, and every option of the components', async () => {
    const values = {
      crds: { preview: true, groups: { graph: false, multiModel: false, localModel: false } },
      podDisruptionBudget: { enabled: true },
    }
    const components = ['crds-core', 'user-roles', 'runtimes', 'storage-containers', 'pod-disruption-budget']
    const built = await ownKustomization((path) => ({
      own: {
        resources: [path('base')],
        components: [...components, 'preview-versions'].map((name) => path(`components/${name}`)),
      },
    }))
    assertSame(await helm(values), built)
  })

  test("with an installation's own values: image, registry, namespace, replicas, resources, nodes, configuration", async () => {
    const config = { ingressDomain: 'models.example.com', ingressClassName: 'nginx' }
    const values = {
      namespace: 'ml-platform',
      image: { registry: 'registry.example.com/ml', tag: '9.9.9', pullPolicy: 'Always' },
      imagePullSecrets: [{ name: 'registry' }],
      replicas: 2,
      resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '2Gi' } },
      nodeSelector: { 'kubernetes.io/arch': 'amd64' },
      tolerations: [{ key: 'infra', operator: 'Exists' }],
      config: { ingress: config },
      certManager: { enabled: true },
      verbose: true,
    }
    const shown = parse(await readFile(join(root, overlay('cert-manager'), 'kustomization.yaml'), 'utf8'))
    const built = await ownKustomization((path) => ({
      own: {
        resources: ['../controller'],
        components: [path('components/runtimes'), path('components/storage-containers')],
        images: ownImages,
      },
      controller: { ...ownController(path, config), replacements: shown.replacements },
    }))
    assertSame(await helm(values), built)
    for (const { metadata } of built.values()) assert.notEqual(metadata.namespace, 'kserve')
    const text = JSON.stringify([...built.values()])
    const old = /"namespace":"kserve"|"kserve\/millrace|millrace-webhook\.kserve/.exec(text)
    assert.equal(old?.[0], undefined, 'the old namespace is nowhere')
  })

  test('the kustomizations that docs/install.md shows, and the same values for Helm', async () => {
    const page = await readFile(join(root, 'docs/install.md'), 'utf8')
    const shown = [...page.matchAll(/^```yaml\n# my\/(.*)kustomization\.yaml\n([\s\S]*?)^```$/gm)]
    assert.equal(shown.length, 2)
    const built = await ownKustomization((path) => {
      const folder = path('.').replace(/\/kustomize$/, '')
      const contents = shown.map(([, name = '', text = '']) => {
        const here = text.replaceAll(/(\.\.\/)+deploy\//g, `${folder}/`).replace('[controller]', '[../controller]')
        return [name === '' ? 'my' : name.slice(0, -1), parse(here) as object] as const
      })
      return Object.fromEntries(contents)
    })
    const values = {
      namespace: 'ml-platform',
      image: { registry: 'registry.example.com/ml' },
      replicas: 2,
      resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '2Gi' } },
      nodeSelector: { 'kubernetes.io/arch': 'amd64' },
      tolerations: [{ key: 'infra', operator: 'Exists' }],
      config: { ingress: '{"ingressDomain": "models.example.com", "ingressClassName": "nginx"}' },
    }
    assertSame(await helm(values), built)
  })

  test('the values that docs/install.md shows are taken by both charts', async () => {
    const page = await readFile(join(root, 'docs/install.md'), 'utf8')
    const shown = /^```yaml\n(namespace: [\s\S]*?)^```$/m.exec(page)?.[1] ?? ''
    const built = await helm(parse(shown) as object)
    assert.ok(built.has('cert-manager.io/v1 Certificate ml-platform/millrace-webhook'))
    assert.equal(
      built.has('apiextensions.k8s.io/v1 CustomResourceDefinition /localmodelnodes.serving.kserve.io'),
      false,
    )
  })

  test('the chart answers as the source says for every value', async () => {
    const values: Values = {
      ...defaultValues,
      namespace: 'other',
      certManager: { enabled: true, issuerRef: { kind: 'ClusterIssuer', name: 'corporate' } },
      crds: { ...defaultValues.crds, variant: 'minimal', preview: true },
      image: { registry: 'r.example.com:5000', repository: 'a/b', tag: '1', pullPolicy: 'Never' },
      replicas: 0,
      affinity: { nodeAffinity: {} },
      priorityClassName: 'system-cluster-critical',
      podAnnotations: { 'prometheus.io/scrape': 'true' },
      watchNamespaces: ['one', 'two'],
      podDisruptionBudget: { enabled: true },
      webhook: { failurePolicy: 'Ignore', timeoutSeconds: 3 },
      config: { ...defaultValues.config, credentials: '{"storageSpecSecretName": "x"}' },
      runtimes: { enabled: true, images: { 'kserve/sklearnserver': 'mirror/sk:2', 'millrace/model-server': 'own:3' } },
      userRoles: { enabled: false },
    }
    const expected = new Map(everything(values).map((object) => [identityOf(object as Manifest), object as Manifest]))
    assertSame(await helm(values), expected)
  })

  test('a release in its own namespace leaves that to Helm', async () => {
    const text = await run(tools.helm, ['template', 'release', 'deploy/helm/millrace', '--namespace', 'kserve'])
    assert.equal(manifestsOf(text).has('v1 Namespace /kserve'), false)
  })

  test('a value that does not exist, or of another type, is refused by name', async () => {
    const refused = async (value: string) => {
      const { code, stderr } = await attempt(tools.helm, ['template', 'deploy/helm/millrace', '--set', value])
      assert.notEqual(code, 0, value)
      return stderr
    }
    assert.match(await refused('replica=2'), /replica/)
    assert.match(await refused('replicas=many'), /replicas/)
    assert.match(await refused('crds.variant=tiny'), /variant/)
    assert.match(await refused('namespace=Not_A_Name'), /namespace/)
  })
})

const ownImages = ['controller', 'model-server'].map((name) => ({
  name: `millrace/${name}`,
  newName: `registry.example.com/ml/millrace/${name}`,
  newTag: '9.9.9',
}))

/** What docs/install.md shows for an installation of one's own. */
function ownController(path: (folder: string) => string, ingress: object): object {
  const deployment = {
    replicas: 2,
    template: {
      spec: {
        nodeSelector: { 'kubernetes.io/arch': 'amd64' },
        tolerations: [{ key: 'infra', operator: 'Exists' }],
        imagePullSecrets: [{ name: 'registry' }],
      },
    },
  }
  const container = '/spec/template/spec/containers/0'
  const replaceIngress = (data: string) => [{ op: 'replace', path: '/data/ingress', value: data }]
  const shipped = JSON.parse(JSON.stringify(defaultValues.config['ingress'])) as object
  const sortedIngress = Object.fromEntries(
    Object.entries({ ...shipped, ...ingress }).sort(([a], [b]) => (a < b ? -1 : 1)),
  )
  const patched = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'millrace-controller', namespace: 'kserve' },
  }
  return {
    namespace: 'ml-platform',
    resources: [path('overlays/controller')],
    components: [path('components/cert-manager')],
    patches: [
      { patch: stringify({ ...patched, spec: deployment }) },
      {
        target: { kind: 'Deployment', name: 'millrace-controller' },
        patch: stringify([
          { op: 'replace', path: `${container}/imagePullPolicy`, value: 'Always' },
          { op: 'add', path: `${container}/args/-`, value: '--verbose' },
          {
            op: 'replace',
            path: `${container}/resources`,
            value: { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '2Gi' } },
          },
        ]),
      },
      { target: { kind: 'ConfigMap' }, patch: stringify(replaceIngress(JSON.stringify(sortedIngress, undefined, 2))) },
    ],
  }
}

function assertSame(actual: ReadonlyMap<string, Manifest>, expected: ReadonlyMap<string, Manifest>): void {
  assert.deepEqual([...actual.keys()].sort(), [...expected.keys()].sort())
  for (const [key, manifest] of expected) assert.deepEqual(actual.get(key), manifest, key)
}
