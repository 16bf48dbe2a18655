import assert from 'node:assert/strict'
import test from 'node:test'
import { shippedFiles } from './source-files.ts'

/** A module that costs every process dearly to import as a whole, and what to do in its place. */
const dear: readonly { readonly module: string; readonly why: string }[] = [
  {
    module: 'node:http',
    // Measured on Node 24.9: 36 ms and 5.4 MB by import, 5 ms and 0.6 MB by getBuiltinModule.
    why: "an import reads every export, and WebSocket's getter loads Node's own undici; use process.getBuiltinModule('node:http')",
  },
  {
    module: 'undici',
    // Measured with undici 8.12: 60 ms and 11 MB for the index, 26 ms and 5 MB for the pool.
    why: "its index loads fetch, WebSocket and caches; require 'undici/lib/dispatcher/pool.js'",
  },
]

test('nobody imports values of modules that are dear to start', () => {
  const broken: string[] = []
  for (const { path, text } of shippedFiles()) {
    for (const [, clause = '', target] of text.matchAll(/^import (?!type )([^;]*?) from '([^']+)'$/gm)) {
      const isTypesOnly = /^\{(\s*type \w+,?)+\s*\}$/.test(clause)
      for (const { module, why } of dear)
        if (target === module && !isTypesOnly) broken.push(`${path}: ${module}: ${why}`)
    }
    for (const { module, why } of dear)
      if (text.includes(`import('${module}')`)) broken.push(`${path}: ${module}: ${why}`)
  }
  assert.deepEqual(broken, [])
})
