import type { Log, LogFields } from '@millrace/kube'
import { isShown, type LogLevel } from './text-log.ts'

/** One JSON object per message, in a line: `time` (RFC 3339), `level`, `message`, then the fields. For collectors of logs. */
export function createJsonLog(write: (text: string) => void, least: LogLevel): Log {
  const line =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (!isShown(level, least)) return
      const time = new Date().toISOString()
      write(`${JSON.stringify({ ...fields, time, level, message }, plain)}\n`)
    }
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}

function plain(_field: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value
}
