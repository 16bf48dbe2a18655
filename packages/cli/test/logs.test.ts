import assert from 'node:assert/strict'
import test from 'node:test'
import { createJsonLog } from '../src/json-log.ts'
import { createTextLog } from '../src/text-log.ts'

const fields = { name: 'a b', count: 2, because: ['x'], error: new Error('no way') }

test('a line of text has time, level, message and fields that can be searched for', () => {
  const lines: string[] = []
  const log = createTextLog((text) => void lines.push(text), 'info')
  log.debug('hidden')
  log.warn('Something happened', fields)
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /^\S+Z WARN {2}Something happened name="a b" count=2 because=\["x"\] error="no way"\n$/)
})

test('a line of JSON has the same, and no field takes the place of time, level or message', () => {
  const lines: string[] = []
  const log = createJsonLog((text) => void lines.push(text), 'info')
  log.debug('hidden')
  log.warn('Something happened', { ...fields, level: 'mine' })
  assert.equal(lines.length, 1)
  const { time, ...rest } = JSON.parse(lines[0] ?? '')
  assert.ok(Date.parse(time) > 0)
  assert.deepEqual(rest, { ...fields, error: 'no way', level: 'warn', message: 'Something happened' })
})
