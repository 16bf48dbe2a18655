/** Waits until a condition holds, looking often; fails after five seconds with what it waited for. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const until = performance.now() + 5_000
  while (!(await condition())) {
    if (performance.now() > until) throw new Error(`did not come true: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
