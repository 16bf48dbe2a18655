import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conditionProblem } from '../src/validate/rules/step-condition.ts'

const fine = [
  'predictions',
  'instances.#(modelId=="1")',
  '[@this].#(predictions.0=="Cat")',
  '[@this].#(source==client)',
  'a.#(b>3)#.c',
  'a.#(name%"D*")#|@reverse',
  '{a,b.c}',
  'friends.#(nets.#(=="fb"))#',
  String.raw`a\.b.#(x=="q\"(")`,
  'x.#(there)',
  '..#',
]

const broken: readonly (readonly [condition: string, problem: RegExp])[] = [
  [' ', /is empty/],
  ['[@this].#(a.b==', /"\(" at position 10 that nothing closes/],
  ['[@this.#(a==1)', /"\[" at position 1 that nothing closes/],
  ['a.#(b=="x)', /quote at position 8 that nothing closes/],
  ['a.#(b==)', /compares with nothing after "=="/],
  ['a.#()', /empty query/],
  ['a.b)', /"\)" at position 4 that nothing opens/],
  ['a.#(b=={1)', /a "\{" that a "\)" closes/],
]

test('conditions that GJSON reads as they look are accepted', () => {
  for (const condition of fine) assert.equal(conditionProblem(condition), undefined, condition)
})

test('conditions that GJSON would find nothing with are named', () => {
  for (const [condition, problem] of broken) assert.match(conditionProblem(condition) ?? '', problem, condition)
})
