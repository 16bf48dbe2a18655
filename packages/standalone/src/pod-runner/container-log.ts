import { EventEmitter } from 'node:events'
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'

export interface ContainerLogLimits {
  /** A file that would grow beyond this is renamed to `.1` and a new one begun; so twice this is kept. */
  readonly fileBytesMax: number
  /** A longer line is written in parts, marked `P` but for the last, as container runtimes do. */
  readonly lineBytesMax: number
}

export const containerLogLimits: ContainerLogLimits = { fileBytesMax: 10 * 2 ** 20, lineBytesMax: 16 * 1024 }

/**
 * What a container writes, as lines `<RFC 3339 time> <stdout|stderr> <F|P> <text>` in one file: the format of the
 * Container Runtime Interface.
 */
export interface ContainerLog {
  readonly path: string
  readonly isClosed: boolean
  /** Why the last lines could not be written, a full disk for example; they are lost, the program goes on. */
  readonly trouble: Error | undefined
  /** Copies a stream until it ends; never rejects. A slow disk slows the writer down, nothing piles up in memory. */
  copy(stream: Readable, name: 'stdout' | 'stderr'): Promise<void>
  /** Calls back whenever there is more to read, or the log is closed. The answer stops it. */
  onChange(callback: () => void): () => void
  close(): Promise<void>
}

export async function openContainerLog(
  path: string,
  now: () => number,
  limits: ContainerLogLimits = containerLogLimits,
): Promise<ContainerLog> {
  let file: FileHandle = await open(path, 'a', 0o600)
  let bytes = (await file.stat()).size
  let isClosed = false
  let trouble: Error | undefined
  let last: Promise<void> = Promise.resolve()
  const changes = new EventEmitter().setMaxListeners(0)

  async function append(chunk: Buffer): Promise<void> {
    if (isClosed || chunk.length === 0) return
    if (bytes > 0 && bytes + chunk.length > limits.fileBytesMax) {
      await file.close()
      await rename(path, rotatedPath(path))
      file = await open(path, 'a', 0o600)
      bytes = 0
    }
    await file.appendFile(chunk)
    bytes += chunk.length
    changes.emit('change')
  }

  /** Both streams write to one file, so appends queue up behind each other. */
  function enqueue(chunk: Buffer): Promise<void> {
    last = last
      .then(() => append(chunk))
      .catch((error: Error) => {
        trouble = error
      })
    return last
  }

  return {
    path,
    get isClosed() {
      return isClosed
    },
    get trouble() {
      return trouble
    },
    async copy(stream, name) {
      const lines = lineFramer(name, now, limits.lineBytesMax)
      try {
        for await (const chunk of stream) await enqueue(lines.frame(chunk as Buffer))
      } catch (error) {
        trouble = error as Error
      }
      await enqueue(lines.end())
    },
    onChange(callback) {
      changes.on('change', callback)
      return () => changes.off('change', callback)
    },
    async close() {
      if (isClosed) return
      await last
      isClosed = true
      await file.close()
      changes.emit('change')
    },
  }
}

/** The older half of a log that has been rotated. */
export function rotatedPath(path: string): string {
  return `${path}.1`
}

export async function removeContainerLog(path: string): Promise<void> {
  await Promise.all([rm(path, { force: true }), rm(rotatedPath(path), { force: true })])
}

export async function hasContainerLog(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** Cuts a byte stream into log lines. What comes after the last line end waits for the next chunk. */
function lineFramer(name: string, now: () => number, lineBytesMax: number) {
  let rest: Buffer = Buffer.alloc(0)
  return {
    frame(chunk: Buffer): Buffer {
      const head = `${new Date(now()).toISOString()} ${name} `
      const full = Buffer.from(`${head}F `)
      const partial = Buffer.from(`${head}P `)
      const newLine = Buffer.from('\n')
      const parts: Buffer[] = []
      let text = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
      for (;;) {
        const end = text.indexOf(10)
        if (end >= 0 && end <= lineBytesMax) {
          parts.push(full, text.subarray(0, end + 1))
          text = text.subarray(end + 1)
        } else if (text.length > lineBytesMax) {
          parts.push(partial, text.subarray(0, lineBytesMax), newLine)
          text = text.subarray(lineBytesMax)
        } else break
      }
      rest = Buffer.from(text)
      return Buffer.concat(parts)
    },
    end(): Buffer {
      return rest.length === 0 ? rest : this.frame(Buffer.from('\n'))
    },
  }
}
