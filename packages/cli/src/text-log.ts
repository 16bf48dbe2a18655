import type { Log, LogFields } from '@millrace/kube'

const levels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof levels)[number]

export function isShown(level: LogLevel, least: LogLevel): boolean {
  return levels.indexOf(level) >= levels.indexOf(least)
}

/** One line per message: time, level, message, `field=value`. For people and for `grep`. */
export function createTextLog(write: (text: string) => void, least: LogLevel): Log {
  const line =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (!isShown(level, least)) return
      const pairs = Object.entries(fields).map(([field, value]) => ` ${field}=${format(value)}`)
      write(`${new Date().toISOString()} ${level.toUpperCase().padEnd(5)} ${message}${pairs.join('')}\n`)
    }
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}

function format(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.message)
  if (typeof value === 'string') return /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value)
  return JSON.stringify(value) ?? 'undefined'
}
