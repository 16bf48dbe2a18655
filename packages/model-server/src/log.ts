/** Where the server's lines go. Replaced in tests. */
export type Log = (message: string, fields?: Readonly<Record<string, unknown>>) => void

/** One line on stderr: the constant message, then its fields as key=value. */
export const log: Log = (message, fields = {}) => {
  const parts = Object.entries(fields).map(([key, value]) => `${key}=${formatValue(value)}`)
  process.stderr.write(`${[message, ...parts].join(' ')}\n`)
}

function formatValue(value: unknown): string {
  const text = typeof value === 'string' ? value : String(value)
  return /[\s"=]/.test(text) || text === '' ? JSON.stringify(text) : text
}
