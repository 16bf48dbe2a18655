/** The names in `.foo['b.c']`; undefined where it is no such path. */
export function splitFieldPath(path: string): readonly string[] | undefined {
  const names: string[] = []
  for (let rest = path; rest !== ''; ) {
    const match = /^(?:\.([^.[\]]+)|\['((?:\\.|[^'\\])*)'\])/.exec(rest)
    if (!match) return undefined
    names.push(match[1] ?? (match[2] ?? '').replace(/\\(.)/g, '$1'))
    rest = rest.slice(match[0].length)
  }
  return names
}
