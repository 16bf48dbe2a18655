import { ModelUnreadable } from '../runtime.ts'

/** `key=value` lines of one part of a LightGBM text model; `name` is what messages call it (`header`, `Tree=3`). */
export interface Section {
  readonly name: string
  readonly values: ReadonlyMap<string, string>
}

export interface TextModel {
  readonly header: Section
  readonly trees: readonly Section[]
}

/**
 * Splits a LightGBM text model (`Booster.save_model`) into its header and trees. Throws `ModelUnreadable` where it is
 * another format or cut off.
 */
export function parseTextModel(text: string): TextModel {
  const lines = text.split('\n')
  if (lines[0]?.trim() !== 'tree') throw new ModelUnreadable(describeOther(text))
  const header = new Map<string, string>()
  const trees: Section[] = []
  let current = header
  for (const raw of lines.slice(1)) {
    const line = raw.trimEnd()
    if (line === 'end of trees') return { header: { name: 'header', values: header }, trees }
    const split = line.indexOf('=')
    if (split === -1) {
      // A word alone is a flag, for example average_output.
      if (line !== '') current.set(line, '')
      continue
    }
    const key = line.slice(0, split)
    if (key === 'Tree') {
      current = new Map()
      trees.push({ name: line, values: current })
    } else current.set(key, line.slice(split + 1))
  }
  throw new ModelUnreadable('it has no line "end of trees": the file is cut off')
}

export function has(section: Section, key: string): boolean {
  return section.values.has(key)
}

export function textOf(section: Section, key: string): string {
  const value = section.values.get(key)
  if (value === undefined) throw new ModelUnreadable(`${section.name} has no "${key}"`)
  return value
}

/** A whole number from `min` to `max`; `absent` where the line is missing. */
export function countOf(section: Section, key: string, min: number, max: number, absent?: number): number {
  if (absent !== undefined && !has(section, key)) return absent
  const value = textOf(section, key)
  const number = value === '' ? Number.NaN : Number(value)
  if (!Number.isInteger(number) || number < min || number > max) {
    throw new ModelUnreadable(
      `${section.name} ${key} is "${value.slice(0, 40)}"; expected a whole number from ${min} to ${max}`,
    )
  }
  return number
}

/** Numbers between spaces, `length` of them. */
export function numbersOf(section: Section, key: string, length: number): number[] {
  const value = textOf(section, key).trim()
  const words = value === '' ? [] : value.split(/ +/)
  if (words.length !== length)
    throw new ModelUnreadable(`${section.name} ${key} has ${words.length} numbers; expected ${length}`)
  return words.map((word, i) => {
    const number = toNumber(word)
    if (number === undefined)
      throw new ModelUnreadable(`${section.name} ${key}[${i}] is "${word.slice(0, 40)}"; expected a number`)
    return number
  })
}

function toNumber(word: string): number | undefined {
  const number = Number(word)
  if (!Number.isNaN(number)) return number
  const plain = word.toLowerCase()
  if (plain === 'nan' || plain === '-nan') return Number.NaN
  if (plain === 'inf') return Number.POSITIVE_INFINITY
  return plain === '-inf' ? Number.NEGATIVE_INFINITY : undefined
}

function describeOther(text: string): string {
  if (text.trim() === '') return 'the file is empty'
  if (text.trimStart().startsWith('{')) {
    return 'it is JSON, not LightGBM\'s text model (dump_model cannot be loaded); save it with booster.save_model("model.bst")'
  }
  return 'its first line is not "tree": it is no LightGBM text model; save it with booster.save_model("model.bst")'
}
