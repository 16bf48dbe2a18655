/** Waits until the probe answers with something, looking often; fails after ten seconds with what it waited for. */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const until = performance.now() + 10_000
  for (;;) {
    const found = await probe()
    if (found !== undefined && found !== false) return found
    if (performance.now() > until) throw new Error(`did not come true: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
