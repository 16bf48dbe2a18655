/**
 * What is wrong with a step's condition, which is a GJSON path (KServe's router asks whether it exists in the request).
 * GJSON itself takes any text and finds nothing where it is broken, so that a request takes another way than was meant.
 * Source: GJSON's SYNTAX.md. Undefined: nothing that can be seen.
 */
export function conditionProblem(condition: string): string | undefined {
  if (condition.trim() === '') return 'is empty'
  const open: Open[] = []
  let at = 0
  while (at < condition.length) {
    const character = condition[at] ?? ''
    if (character === '\\') at += 1
    else if (character === '"' && open.length > 0) {
      const end = closingQuote(condition, at)
      if (end < 0) return `has a quote at position ${at + 1} that nothing closes`
      at = end
    } else if (character in closers) open.push({ character, at })
    else if (Object.values(closers).includes(character)) {
      const last = open.pop()
      // Outside of queries and lists these are letters like any other.
      if (!last) return character === ')' ? `has a ")" at position ${at + 1} that nothing opens` : undefined
      if (closers[last.character] !== character) return `has a "${last.character}" that a "${character}" closes`
      if (last.character === '(') {
        const problem = queryProblem(condition.slice(last.at + 1, at))
        if (problem) return problem
      }
    }
    at += 1
  }
  const [unclosed] = open
  return unclosed && `has a "${unclosed.character}" at position ${unclosed.at + 1} that nothing closes`
}

interface Open {
  readonly character: string
  readonly at: number
}

const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }
const operator = /(==|!=|<=|>=|!%|=|<|>|%)/

function closingQuote(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1
    else if (text[at] === '"') return at
  }
  return -1
}

/** `#(name=="a")`: a path, an operator and a value; or a path alone, which asks whether it is there. */
function queryProblem(query: string): string | undefined {
  if (query.trim() === '') return 'has an empty query "#()": write what to compare'
  const found = operator.exec(query.replaceAll(/"(?:[^"\\]|\\.)*"/g, (quoted) => '_'.repeat(quoted.length)))
  if (!found) return undefined
  const value = query.slice(found.index + found[0].length)
  return value.trim() === '' ? `compares with nothing after "${found[0]}": add a value, texts in quotes` : undefined
}
