import { usageError } from './command-error.ts'

/** What a user named: `isvc`, `isvc a b`, `isvc/a pod/b`. Names absent: the whole collection. */
export interface ResourceArgument {
  readonly type: string
  readonly name?: string
}

/** Reads TYPE, TYPE NAME…, TYPE/NAME… and TYPE,TYPE as kubectl takes them. */
export function parseResourceArguments(args: readonly string[]): readonly ResourceArgument[] {
  const [first, ...rest] = args
  if (first === undefined)
    throw usageError('Say what: a type such as inferenceservices, and names if you like (see --help)')
  if (args.some((arg) => arg.includes('/'))) {
    return args.map((arg) => {
      const [type = '', name = '', ...more] = arg.split('/')
      if (type === '' || name === '' || more.length > 0) throw usageError(`${arg}: write it as TYPE/NAME`)
      return { type, name }
    })
  }
  const types = first.split(',').filter(Boolean)
  if (types.length === 0) throw usageError(`${first}: no type is named`)
  if (rest.length > 0 && types.length > 1) throw usageError('Names go with one type: write TYPE/NAME for several')
  return types.flatMap((type) => (rest.length === 0 ? [{ type }] : rest.map((name) => ({ type, name }))))
}
