import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { kubernetesSkipReason } from '../kubernetes/go-toolchain.ts'
import { startEmbedded, startReal, type TestedServer } from './both-servers.ts'
import { describeDifferences, type Difference, findDifferences, isRight } from './differences.ts'
import { hasKubectl } from './kubectl.ts'
import { normalise } from './normalise.ts'
import { openDifferences } from './open-differences.ts'
import { rightDifferences } from './right-differences.ts'
import type { Scenario } from './scenario.ts'
import { allScenarios, kubectlScenarios } from './scenarios/all-scenarios.ts'
import { createSession, type Session } from './session.ts'

const skip = kubernetesSkipReason()
const kubectlSkip =
  skip ||
  (hasKubectl() || process.env.CI === 'true' ? false : 'needs kubectl on PATH (https://kubernetes.io/docs/tasks/tools)')
const concurrency = 4
/** The build comes first, where there was none yet. */
const startMsMax = 1_500_000
const scenarioMsMax = 120_000

// A skipped suite is nobody's test: one that is skipped is counted, and says why.
if (skip) test('the embedded API server answers as kube-apiserver does', { skip }, () => {})

describe('the embedded API server answers as kube-apiserver does', { skip, concurrency }, () => {
  const servers: TestedServer[] = []
  const rules = [...rightDifferences, ...openDifferences]
  const usedRules = new Set<number>()
  const wanted = process.env.CONFORMANCE_SCENARIO ?? ''
  let namespaces = 0

  before(
    async () => {
      const started = await Promise.allSettled([startReal(), startEmbedded()])
      for (const start of started) if (start.status === 'fulfilled') servers.push(start.value)
      const failed = started.find((start) => start.status === 'rejected')
      if (failed) throw failed.reason
    },
    { timeout: startMsMax },
  )

  after(async () => {
    await Promise.all(servers.map((server) => server.close()))
    const unused = rules.filter((_, index) => !usedRules.has(index)).map((rule) => rule.reason)
    if (wanted === '' && kubectlSkip === false) assert.deepEqual(unused, [], 'rules that nothing needs any more')
  })

  const playOnBoth = async (scenario: Scenario): Promise<void> => {
    const namespace = `scenario-${++namespaces}`
    const sessions = await Promise.all(servers.map((server) => openSession(server, namespace)))
    const ends = await Promise.allSettled(sessions.map((session) => scenario.play(session)))
    const [real = [], embedded = []] = sessions.map((session) => normalise(session.steps, session.generateNames))
    const differences = findDifferences(scenario.name, real, embedded).filter((difference) => !noteRule(difference))
    const failures = ends.flatMap((end, index) =>
      end.status === 'rejected' ? [`${servers[index]?.name}: ${String(end.reason?.stack ?? end.reason)}`] : [],
    )
    assert.ok(real.length > 0 || failures.length > 0, 'a scenario records something')
    if (failures.length > 0 || differences.length > 0) {
      assert.fail([...failures, `${differences.length} differences`, describeDifferences(differences)].join('\n'))
    }
  }

  /** Whether a rule covers it; the rule then counts as used. */
  const noteRule = (difference: Difference): boolean => {
    const index = rules.findIndex((rule) => isRight(rule, difference))
    if (index >= 0) usedRules.add(index)
    return index >= 0
  }

  for (const scenario of allScenarios.filter(({ name }) => name.includes(wanted))) {
    test(scenario.name, { timeout: scenarioMsMax }, () => playOnBoth(scenario))
  }
  for (const scenario of kubectlScenarios.filter(({ name }) => name.includes(wanted))) {
    test(scenario.name, { skip: kubectlSkip, timeout: scenarioMsMax }, () => playOnBoth(scenario))
  }
})

/** A session in a fresh namespace that has its default ServiceAccount. */
async function openSession(server: TestedServer, namespace: string): Promise<Session> {
  const session = createSession({ caller: server.caller, kubectl: server.kubectl, namespace })
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
  const { status } = await session.quietly('POST', '/api/v1/namespaces', { body })
  assert.equal(status, 201, `${server.name} makes a namespace`)
  await session.until('v1/serviceaccounts/default', (answer) => answer.status === 200)
  return session
}
