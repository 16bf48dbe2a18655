import { badRequest } from '../http/api-error.ts'

/** A whole number of a query, undefined where there is none. Throws 400, in the words of Go's parser. */
export function parseQueryNumber(text: string | null | undefined): number | undefined {
  if (text === null || text === undefined || text === '') return undefined
  if (/^[-+]?\d{1,15}$/.test(text)) return Number(text)
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
}
