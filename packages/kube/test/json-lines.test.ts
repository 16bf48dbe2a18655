import assert from 'node:assert/strict'
import test from 'node:test'
import { readLines } from '../src/json-lines.ts'
import { collect } from './collect.ts'

const text = '{"type":"ADDED","n":"ä€🙂"}\n{"a":1}\n\n  \n{"b":[1,2]}\n'
const lines = ['{"type":"ADDED","n":"ä€🙂"}', '{"a":1}', '{"b":[1,2]}']
const options = { what: 'watch test', lineBytesMax: 1000 }

async function* chunksOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

test('gives the same lines wherever the stream is cut once', async () => {
  const bytes = Buffer.from(text)
  for (let cut = 0; cut <= bytes.length; cut++) {
    const found = await collect(readLines(chunksOf(bytes.subarray(0, cut), bytes.subarray(cut)), options))
    assert.deepEqual(found, lines, `cut at ${cut}`)
  }
})

test('gives the same lines byte by byte', async () => {
  const bytes = [...Buffer.from(text)].map((byte) => Uint8Array.of(byte))
  assert.deepEqual(await collect(readLines(chunksOf(...bytes), options)), lines)
})

test('a stream that ends inside a line is an error, after the whole lines before it', async () => {
  const seen: string[] = []
  await assert.rejects(
    async () => {
      for await (const line of readLines(chunksOf(Buffer.from('{"a":1}\n{"b"')), options)) seen.push(line)
    },
    { code: 'Unreachable', message: /middle of an event/ },
  )
  assert.deepEqual(seen, ['{"a":1}'])
})

test('a line without an end is refused before it fills the memory', async () => {
  let sent = 0
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      sent += 100
      yield Buffer.alloc(100, 'x')
    }
  }
  await assert.rejects(collect(readLines(endless(), options)), { code: 'AnswerTooLarge' })
  assert.ok(sent <= 1200)
})
