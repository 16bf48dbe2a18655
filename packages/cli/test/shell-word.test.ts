import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test from 'node:test'
import { shellWord } from '../src/shell-word.ts'

test('a shell reads back what was written, whatever it is', () => {
  for (const text of ['/etc/models/kubeconfig', "it's mine", 'dür mit leer', '$HOME `id` "x" \\', '']) {
    assert.equal(execFileSync('sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' }), text)
  }
  assert.equal(shellWord('@/tmp/in.json'), '@/tmp/in.json')
})
