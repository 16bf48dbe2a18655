import { nearest } from '../nearest.ts'

/** What a flag takes. `switch` needs no value; `ignored` takes anything and changes nothing here. */
export type FlagKind = 'text' | 'port' | 'count' | 'bytes' | 'boolean' | 'switch' | 'ignored'

export interface Flag {
  readonly kind: FlagKind
  readonly help?: string
}

export type Flags = Readonly<Record<string, Flag>>

export interface FlagValues {
  readonly text: (name: string) => string | undefined
  readonly number: (name: string) => number | undefined
  readonly isTrue: (name: string) => boolean | undefined
}

export type ParsedFlags =
  | { readonly ok: true; readonly values: FlagValues }
  | { readonly ok: false; readonly error: string }

/**
 * Reads `--name=value` and `--name value`; `-` and `_` in names are the same, the last of two wins. Fails with one
 * sentence on a name that is not in the table (with the near one) and on a value that does not fit.
 */
export function parseFlags(args: readonly string[], flags: Flags): ParsedFlags {
  const found = new Map<string, string>()
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? ''
    if (!arg.startsWith('--')) return { ok: false, error: `Unexpected argument "${arg}"; arguments are --name=value.` }
    const split = arg.indexOf('=')
    const name = (split === -1 ? arg.slice(2) : arg.slice(2, split)).replaceAll('-', '_')
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined
    if (flag === undefined) return { ok: false, error: describeUnknown(name, flags) }
    let value = split === -1 ? undefined : arg.slice(split + 1)
    const next = args[i + 1]
    if (value === undefined && flag.kind !== 'switch' && next !== undefined && !next.startsWith('--')) {
      value = next
      i++
    }
    if (value === undefined && flag.kind !== 'switch' && flag.kind !== 'boolean' && flag.kind !== 'ignored') {
      return { ok: false, error: `--${name} needs a value.` }
    }
    const error = checkValue(name, flag.kind, value ?? 'true')
    if (error !== undefined) return { ok: false, error }
    found.set(name, value ?? 'true')
  }
  return { ok: true, values: readValues(found) }
}

const trueWords = ['true', '1', 'yes', 'y', 't', 'on']
const falseWords = ['false', '0', 'no', 'n', 'f', 'off']

function checkValue(name: string, kind: FlagKind, value: string): string | undefined {
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN
  switch (kind) {
    case 'port':
      return number <= 65535 ? undefined : `--${name}=${value} is no port; expected 0 to 65535.`
    case 'count':
      return number <= 100_000 ? undefined : `--${name}=${value} is no whole number; expected 0 to 100000.`
    case 'bytes':
      return number > 0 && Number.isSafeInteger(number) ? undefined : `--${name}=${value} is no number of bytes.`
    case 'boolean':
      return [...trueWords, ...falseWords].includes(value.toLowerCase())
        ? undefined
        : `--${name}=${value} is neither true nor false.`
    default:
      return undefined
  }
}

function readValues(found: ReadonlyMap<string, string>): FlagValues {
  return {
    text: (name) => found.get(name),
    number: (name) => (found.has(name) ? Number(found.get(name)) : undefined),
    isTrue: (name) => (found.has(name) ? trueWords.includes((found.get(name) ?? '').toLowerCase()) : undefined),
  }
}

function describeUnknown(name: string, flags: Flags): string {
  const near = nearest(name, Object.keys(flags))
  return `Unknown argument --${name}${near === undefined ? '' : `; did you mean --${near}?`} (--help lists them)`
}
