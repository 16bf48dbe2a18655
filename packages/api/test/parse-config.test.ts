import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatConfigFinding, parseConfig, shippedConfig } from '@millrace/api'

function said(data: Readonly<Record<string, string>>): readonly string[] {
  return parseConfig(data).findings.map(formatConfigFinding)
}

describe('the ConfigMap inferenceservice-config', () => {
  test('may be missing: everything has a default', () => {
    const { config, findings } = parseConfig(undefined)
    assert.deepEqual(findings, [])
    assert.equal(config.deploy.defaultDeploymentMode, 'Standard')
    assert.equal(config.ingress.ingressDomain, 'example.com')
    assert.equal(config.storageInitializer.memoryLimit, '1Gi')
    assert.equal(config.inferenceService.resource.cpuLimit, '')
    assert.ok(config.inferenceService.serviceAnnotationDisallowedList.includes('modelFormat'))
  })

  test('as it ships has nothing to complain about, and is Standard mode without Istio', () => {
    const { config, findings } = parseConfig(shippedConfig)
    assert.deepEqual(findings, [])
    assert.equal(config.deploy.defaultDeploymentMode, 'Standard')
    assert.equal(config.ingress.enableGatewayApi, false)
    assert.equal(config.ingress.disableIstioVirtualHost, true)
    assert.equal(config.inferenceService.resource.memoryLimit, '2Gi')
  })

  test('takes numbers and booleans in quotes, names in any case, and older words', () => {
    const { config, findings } = parseConfig({
      batcher: '{"maxBatchSize": "16", "maxLatency": 250}',
      metricsAggregator: '{"enableMetricAggregation": "true"}',
      ingress: '{"IngressDomain": "corp.example"}',
      deploy: '{"defaultDeploymentMode": "RawDeployment"}',
    })
    assert.deepEqual(findings, [])
    assert.equal(config.batcher.maxBatchSize, 16)
    assert.equal(config.batcher.maxLatency, 250)
    assert.equal(config.metricsAggregator.enableMetricAggregation, true)
    assert.equal(config.ingress.ingressDomain, 'corp.example')
    assert.equal(config.deploy.defaultDeploymentMode, 'Standard')
  })

  test('names key and line of what is not JSON, and keeps everything else', () => {
    const data = { ingress: '{\n  "urlScheme": "https",\n  oops\n}', logger: '{"defaultUrl": "http://l"}' }
    const { config, findings } = parseConfig(data)
    assert.equal(findings.length, 1)
    assert.equal(findings[0]?.path, 'data.ingress')
    assert.match(findings[0]?.message ?? '', /line 3/)
    assert.equal(config.ingress.urlScheme, 'http')
    assert.equal(config.logger.defaultUrl, 'http://l')
  })

  test('keeps the last good value of a key that breaks', () => {
    const good = parseConfig({ ingress: '{"urlScheme": "https"}', router: '{"image": "r:1"}' }).config
    const { config, findings } = parseConfig({ ingress: '{', router: '{"image": "r:2"}' }, good)
    assert.match(findings[0]?.message ?? '', /the last good value stays/)
    assert.equal(config.ingress.urlScheme, 'https')
    assert.equal(config.router.image, 'r:2')
  })

  test('keeps the last good value of one wrong setting, and takes its neighbours', () => {
    const good = parseConfig({
      deploy: '{"defaultDeploymentMode": "Knative"}',
      ingress: '{"domainTemplate": "{{.Name}}.{{.IngressDomain}}", "urlScheme": "https"}',
      storageInitializer: '{"cpuLimit": "2", "image": "i:1"}',
    }).config
    const { config, findings } = parseConfig(
      {
        deploy: '{"defaultDeploymentMode": "Nonsense"}',
        ingress: '{"domainTemplate": "{{.Nmae}}.x", "urlScheme": "http"}',
        storageInitializer: '{"cpuLimit": "lots", "image": "i:2"}',
      },
      good,
    )
    assert.equal(findings.length, 3)
    for (const { message } of findings) assert.match(message, /; the last good value stays until it is mended$/)
    assert.equal(config.deploy.defaultDeploymentMode, 'Knative')
    assert.equal(config.ingress.domainTemplate, '{{.Name}}.{{.IngressDomain}}')
    assert.deepEqual([config.storageInitializer.cpuLimit, config.storageInitializer.image], ['2', 'i:2'])
    assert.equal(config.ingress.urlScheme, 'http')
  })

  test('takes templates with everything that the renderer knows', () => {
    for (const template of [
      '{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}',
      '{{ printf "%s.%s" .Name .IngressDomain }}',
      '{{ if eq .Namespace "a.b" }}x{{ else }}{{ .Labels.team }}{{ end }}.{{ .IngressDomain }}',
      '{{ index .Annotations "a.b/c" }}.{{ .IngressDomain }}',
    ])
      assert.deepEqual(said({ ingress: JSON.stringify({ domainTemplate: template }) }), [], template)
  })

  test('replaces one wrong setting by its default, with its line, and keeps its neighbours', () => {
    const { config, findings } = parseConfig({
      ingress: '{\n "urlScheme": "https",\n "enableGatewayApi": "maybe",\n "ingressDomain": "a.b"\n}',
    })
    assert.equal(findings.length, 1)
    assert.equal(findings[0]?.path, 'data.ingress.enableGatewayApi')
    assert.match(findings[0]?.message ?? '', /must be a boolean.*line 3/)
    assert.deepEqual(
      [config.ingress.urlScheme, config.ingress.enableGatewayApi, config.ingress.ingressDomain],
      ['https', false, 'a.b'],
    )
  })

  test('refuses what KServe refuses to start with, each by its field', () => {
    assert.match(
      said({ deploy: '{"defaultDeploymentMode": "Nonsense"}' })[0] ?? '',
      /data.deploy.defaultDeploymentMode/,
    )
    assert.match(said({ deploy: '{"defaultDeploymentMode": ""}' })[0] ?? '', /data.deploy.defaultDeploymentMode/)
    for (const gateway of ['one/two/three', 'ns/Bad_Name', 'none']) {
      const [first] = said({ ingress: JSON.stringify({ enableGatewayApi: true, kserveIngressGateway: gateway }) })
      assert.match(first ?? '', /data.ingress.kserveIngressGateway: must be namespace\/name/)
    }
    assert.match(said({ ingress: '{"domainTemplate": "{{ .Nmae }}.x"}' })[0] ?? '', /\{\{ \.Nmae \}\} is not known/)
    assert.match(said({ storageInitializer: '{"cpuLimit": "lots"}' })[0] ?? '', /cpuLimit: "lots" is not a quantity/)
    const rollout = (maxSurge: string) =>
      `{"deploymentRolloutStrategy": {"defaultRollout": {"maxSurge": "${maxSurge}"}}}`
    assert.match(said({ deploy: rollout('x') })[0] ?? '', /maxSurge: "x" is neither a number of pods/)
    assert.deepEqual([...said({ deploy: rollout('25%') }), ...said({ deploy: rollout('1') })], [])
    assert.match(said({ storageInitializer: '{"ociModelMode": "x"}' })[0] ?? '', /ociModelMode/)
  })

  test('warns about a key or setting that nobody reads, with the near name', () => {
    const { findings } = parseConfig({ ingres: '{}', ingress: '{"urlSheme": "https"}', _example: 'anything' })
    assert.deepEqual(
      findings.map(({ severity, path, message }) => [severity, path, /did you mean "(\w+)"/.exec(message)?.[1]]),
      [
        ['warning', 'data.ingres', 'ingress'],
        ['warning', 'data.ingress.urlSheme', 'urlScheme'],
      ],
    )
  })
})
