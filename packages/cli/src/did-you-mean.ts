import { nearName } from '@millrace/api'

/** ` Did you mean "…"?` for the nearest known word, else nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = nearName(word, known)
  return near === undefined ? '' : ` Did you mean "${near}"?`
}
