import { readFile } from 'node:fs/promises'
import type { Clock } from './clock.ts'
import { KubeError } from './errors.ts'

/** A file whose content changes under us (a rotated token or certificate), read again when what we have is old. */
export interface FileReader {
  read(): Promise<string>
  /** Read it again next time. */
  forget(): boolean
}

/** Tokens and certificates rotate long before they end: client-go too reads them once a minute. */
const freshMs = 60_000

export function createFileReader(path: string, clock: Clock): FileReader {
  let text: string | undefined
  let readAt = 0
  return {
    read: async () => {
      if (text !== undefined && clock.elapsed() - readAt < freshMs) return text
      try {
        text = await readFile(path, 'utf8')
        readAt = clock.elapsed()
        return text
      } catch (cause) {
        // A rotation may leave a moment without the file: what we have is good until the server says otherwise.
        if (text !== undefined) return text
        throw new KubeError({ code: 'BadCredentials', message: `The credential file ${path} cannot be read`, cause })
      }
    },
    forget: () => {
      const had = text !== undefined
      text = undefined
      return had
    },
  }
}
