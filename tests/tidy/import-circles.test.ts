import assert from 'node:assert/strict'
import { posix } from 'node:path'
import test from 'node:test'
import { importsOf } from './imports-of.ts'
import { sourceFiles } from './source-files.ts'

/** Files by path, each with the files of this tree that it imports, types included: who needs a word knows its home. */
function importGraph(): ReadonlyMap<string, readonly string[]> {
  const files = sourceFiles()
  const known = new Set(files.map(({ path }) => path))
  return new Map(
    files.map((file) => {
      const targets = importsOf(file).filter(({ target }) => target.startsWith('.'))
      const paths = targets.map(({ target }) => posix.join(posix.dirname(file.path), target))
      return [file.path, paths.filter((path) => known.has(path))]
    }),
  )
}

/** The circles, each as the files one meets on the way round. A file is left when everything below it is known. */
function circles(graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const found: string[] = []
  const done = new Set<string>()
  const way: string[] = []
  const visit = (path: string): void => {
    if (done.has(path)) return
    const start = way.indexOf(path)
    if (start >= 0) {
      found.push([...way.slice(start), path].join(' -> '))
      return
    }
    way.push(path)
    for (const target of graph.get(path) ?? []) visit(target)
    way.pop()
    done.add(path)
  }
  for (const path of graph.keys()) visit(path)
  return found
}

test('no file imports itself by way of others', () => {
  assert.deepEqual(circles(importGraph()), [])
})

test('a circle is found and told by its way', () => {
  const graph = new Map([
    ['a', ['b', 'c']],
    ['b', ['c']],
    ['c', ['b']],
  ])
  assert.deepEqual(circles(graph), ['b -> c -> b'])
})
