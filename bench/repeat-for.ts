/** How many times a second `once` resolves when `inFlight` of them are kept going for that long. */
export async function repeatFor(
  forMs: number,
  inFlight: number,
  once: (turn: number) => Promise<unknown>,
): Promise<number> {
  const startedMs = performance.now()
  let turns = 0
  let done = 0
  const worker = async (): Promise<void> => {
    while (performance.now() - startedMs < forMs) {
      await once(turns++)
      done++
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  return (done * 1000) / (performance.now() - startedMs)
}
