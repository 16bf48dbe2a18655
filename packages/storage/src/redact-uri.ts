/** The URI as it may be shown: without user, password and query string. */
export function redactUri(uri: string): string {
  const plain = uri.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1')
  const query = plain.indexOf('?')
  return /^https?:/.test(plain) && query !== -1 ? `${plain.slice(0, query)}?…` : plain
}
