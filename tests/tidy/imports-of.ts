import type { SourceFile } from './source-files.ts'

/** One import or re-export, also a lazy one. `typeOnly` ones are gone at run time. */
export interface Import {
  readonly path: string
  readonly target: string
  readonly typeOnly: boolean
}

/** What a file names after `from` or in `import()`, in the order of the kinds, as written. */
export function importsOf(file: SourceFile): readonly Import[] {
  const found: Import[] = []
  const pattern = /(?:^|\n)\s*(import|export)\s+(type\s+)?([^'"\n;]*?(?:\{[^}]*\}[^'"\n;]*?)?)from\s+['"]([^'"]+)['"]/g
  for (const match of file.text.matchAll(pattern)) {
    const clause = match[3] ?? ''
    const names =
      /\{([^}]*)\}/
        .exec(clause)?.[1]
        ?.split(',')
        .map((name) => name.trim()) ?? []
    const everyNameIsType = names.length > 0 && names.filter(Boolean).every((name) => name.startsWith('type '))
    found.push({ path: file.path, target: match[4] ?? '', typeOnly: match[2] !== undefined || everyNameIsType })
  }
  for (const match of file.text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)) {
    found.push({ path: file.path, target: match[1] ?? '', typeOnly: false })
  }
  return found
}
