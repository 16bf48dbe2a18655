/** The texts in a `Warning` header: `299 - "first", 299 - "second"` (RFC 7234, section 5.5). What is of another form is passed over. */
export function warningTexts(header: string | undefined): readonly string[] {
  const quoted = header?.matchAll(/\b\d{3} \S+ "((?:[^"\\]|\\.)*)"/g) ?? []
  return [...quoted].map(([, text = '']) => text.replaceAll(/\\(.)/g, '$1'))
}
