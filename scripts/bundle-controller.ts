/**
 * Makes one program of the command line and of everything of ours that it imports, for the image of the controller:
 * `bundle-controller.ts DIRECTORY` writes main.mjs there, and beside it what is loaded only when it is needed. Libraries are
 * not in it: they are looked for in the node_modules of that directory and of those above it. Why: docs/decisions/0014.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '..')

/** Answers the path of the program. What is in the directory already stays: give one that is new. */
export async function bundleController(directory: string): Promise<string> {
  await build({
    entryPoints: { main: join(root, 'packages/cli/src/main.ts') },
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    // What a command imports when it runs is read when it runs.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    external: libraries(),
    // The text of a program stays in memory. Names stay whole and lines short, so that a stack trace says where.
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 120,
    logLevel: 'warning',
  })
  return join(directory, 'main.mjs')
}

/** What our packages depend on that is not ours. */
function libraries(): string[] {
  const names = globSync('packages/*/package.json', { cwd: root }).flatMap((path) => {
    const manifest = JSON.parse(readFileSync(join(root, path), 'utf8')) as { readonly dependencies?: object }
    return Object.keys(manifest.dependencies ?? {})
  })
  return [...new Set(names)].filter((name) => !name.startsWith('@millrace/'))
}

if (import.meta.main) {
  const [directory] = process.argv.slice(2)
  if (directory === undefined) throw new Error('usage: bundle-controller.ts DIRECTORY')
  await bundleController(directory)
}
