/**
 * Kubernetes refuses EndpointSlices that name loopback addresses, which are all that pods can have here. There a pod's address
 * is told as its counterpart in a reserved network that nobody routes (240.0.0.0/4, RFC 1112): 127.64.3.9 as 247.64.3.9. Our
 * gateway, through which everything goes, knows what is meant.
 */
export function publishedAddress(address: string): string {
  return address.replace(/^127\./, '247.')
}

/** The other way; any other address is left as it is. */
export function localAddress(published: string): string {
  return published.replace(/^247\./, '127.')
}
