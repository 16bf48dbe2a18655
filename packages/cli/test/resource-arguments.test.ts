import assert from 'node:assert/strict'
import test from 'node:test'
import { didYouMean } from '../src/did-you-mean.ts'
import { parseResourceArguments } from '../src/resource-arguments.ts'

for (const [args, expected] of [
  [['isvc'], [{ type: 'isvc' }]],
  [['pods,svc'], [{ type: 'pods' }, { type: 'svc' }]],
  [
    ['isvc', 'a', 'b'],
    [
      { type: 'isvc', name: 'a' },
      { type: 'isvc', name: 'b' },
    ],
  ],
  [
    ['isvc/a', 'pod/b'],
    [
      { type: 'isvc', name: 'a' },
      { type: 'pod', name: 'b' },
    ],
  ],
] as const) {
  test(`${args.join(' ')} is understood`, () => assert.deepEqual(parseResourceArguments(args), expected))
}

for (const args of [[], ['isvc/'], ['isvc/a/b'], ['pods,svc', 'a'], [','], ['isvc/a', 'b']]) {
  test(`${args.join(' ') || 'nothing'} is refused with exit code 2`, () =>
    assert.throws(
      () => parseResourceArguments(args),
      (error: { exitCode?: number }) => error.exitCode === 2,
    ))
}

test('a near name is suggested and a far one is not', () => {
  assert.equal(didYouMean('inferenceservces', ['pods', 'inferenceservices']), ' Did you mean "inferenceservices"?')
  assert.equal(didYouMean('pdos', ['pods']), ' Did you mean "pods"?')
  assert.equal(didYouMean('zebra', ['pods', 'services']), '')
})
