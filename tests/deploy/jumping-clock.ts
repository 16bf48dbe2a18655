/**
 * Loaded before a program: its wall clock jumps when the parent says so (`{ byMs }`), as when a time service or a person sets a
 * machine's clock. Timers and `performance.now` go on, as they do then.
 */
const realNow = Date.now
let offsetMs = 0

Date.now = () => realNow() + offsetMs
globalThis.Date = new Proxy(Date, {
  construct: (target, given, asked) => Reflect.construct(target, given.length === 0 ? [Date.now()] : given, asked),
  apply: () => new Date().toString(),
})
process.on('message', (message: { readonly byMs: number }) => {
  offsetMs += message.byMs
})
// Listening for the parent keeps nothing alive.
process.channel?.unref()
// Nor does it survive the test that started it.
process.once('disconnect', () => process.exit(1))
