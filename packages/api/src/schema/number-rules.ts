import { rule } from './schema.ts'

export function notBelow(least: number, name: string, advice?: string) {
  return rule<number>({
    name,
    bounds: { minimum: least },
    message: `must not be below ${least}`,
    ...(advice === undefined ? {} : { advice }),
    holds: (self) => self >= least,
    say: (self) => `must not be below ${least}${advice === undefined ? '' : ` (${advice})`}, but is ${self}`,
  })
}

export function percentage(name: string) {
  return rule<number>({
    name,
    bounds: { minimum: 0, maximum: 100 },
    message: 'must be from 0 to 100',
    holds: (self) => self >= 0 && self <= 100,
    say: (self) => `must be from 0 to 100, but is ${self}`,
  })
}
