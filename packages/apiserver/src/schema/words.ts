/** The words of a text, as a list: for tables of names. */
export function words(text: string): readonly string[] {
  return text.trim().split(/\s+/)
}
