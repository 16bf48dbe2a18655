import { open, type FileHandle } from 'node:fs/promises'
import { type ContainerLog, rotatedPath } from './container-log.ts'

/** The options of `pods/log`, as in core/v1 PodLogOptions. */
export interface LogQuery {
  readonly follow: boolean
  readonly timestamps: boolean
  readonly tailLines?: number
  /** Only lines from this moment on, milliseconds since the epoch. */
  readonly sinceMs?: number
  readonly limitBytes?: number
}

const blockBytes = 64 * 1024

/**
 * The text of a container's log, in chunks, oldest first. `live` is the log while its container runs: with it, `follow`
 * goes on until the log is closed or the signal aborts.
 */
export async function* readContainerLog(
  path: string,
  query: LogQuery,
  live: ContainerLog | undefined,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  let left = query.limitBytes ?? Number.POSITIVE_INFINITY
  const format = lineFormatter(query)
  for await (const block of rawBlocks(path, query, live, signal)) {
    const text = format(block)
    if (text.length >= left) {
      yield text.subarray(0, left)
      return
    }
    left -= text.length
    if (text.length > 0) yield text
  }
}

/** The last lines of a log as plain text: what a termination message falls back to. */
export async function readLogTail(path: string, linesMax: number, bytesMax: number): Promise<string> {
  const parts: Buffer[] = []
  const query = { follow: false, timestamps: false, tailLines: linesMax }
  for await (const part of readContainerLog(path, query, undefined, AbortSignal.timeout(5000))) parts.push(part)
  const text = Buffer.concat(parts)
  return text.subarray(Math.max(0, text.length - bytesMax)).toString('utf8')
}

async function* rawBlocks(
  path: string,
  query: LogQuery,
  live: ContainerLog | undefined,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  const wake = query.follow && live ? changeSignal(live, signal) : undefined
  let current = await openIfThere(path)
  try {
    const start = await findStart(path, current, query.tailLines)
    if (start.rotated !== undefined) yield* wholeFile(rotatedPath(path), start.rotated)
    let offset = start.current
    for (;;) {
      // Asked before reading: what is written after the question is found by the next round.
      const isOver = !wake || live?.isClosed === true || signal.aborted
      current ??= await openIfThere(path)
      if (current) {
        const replaced = await reopenIfRotated(current, path)
        for await (const block of blocksFrom(current, offset)) {
          offset += block.length
          yield block
          if (signal.aborted) return
        }
        if (replaced) {
          await current.close()
          current = replaced
          offset = 0
          continue
        }
      }
      if (isOver || !wake) return
      await wake.next()
    }
  } finally {
    wake?.stop()
    await current?.close()
  }
}

/** Resolves `next()` when the log has changed since the last call. */
function changeSignal(live: ContainerLog, signal: AbortSignal): { next(): Promise<void>; stop(): void } {
  let hasChanged = false
  let notify: (() => void) | undefined
  const onChange = () => {
    hasChanged = true
    notify?.()
  }
  const off = live.onChange(onChange)
  signal.addEventListener('abort', onChange, { once: true })
  return {
    async next() {
      if (!hasChanged && !signal.aborted) await new Promise<void>((resolve) => (notify = resolve))
      hasChanged = false
    },
    stop() {
      off()
      signal.removeEventListener('abort', onChange)
    },
  }
}

/** A handle on the new file when `path` no longer names the file that is being read. */
async function reopenIfRotated(current: FileHandle, path: string): Promise<FileHandle | undefined> {
  const fresh = await openIfThere(path)
  if (!fresh) return undefined
  const [a, b] = await Promise.all([current.stat(), fresh.stat()])
  if (a.ino !== b.ino) return fresh
  await fresh.close()
  return undefined
}

/** Where reading starts: `rotated` is set when that is in the older file. */
async function findStart(
  path: string,
  current: FileHandle | undefined,
  tailLines: number | undefined,
): Promise<{ rotated?: number; current: number }> {
  if (tailLines === undefined) return { rotated: 0, current: 0 }
  const inCurrent = current ? await offsetOfTail(current, tailLines) : { offset: 0, missing: tailLines }
  if (inCurrent.missing === 0) return { current: inCurrent.offset }
  const rotated = await openIfThere(rotatedPath(path))
  if (!rotated) return { current: 0 }
  try {
    return { rotated: (await offsetOfTail(rotated, inCurrent.missing)).offset, current: 0 }
  } finally {
    await rotated.close()
  }
}

/** Walks back from the end. A line that was written in parts counts once: only parts marked `F` end a line. */
async function offsetOfTail(file: FileHandle, lines: number): Promise<{ offset: number; missing: number }> {
  const { size } = await file.stat()
  if (lines === 0) return { offset: size, missing: 0 }
  let text = Buffer.alloc(0)
  let start = size
  while (start > 0) {
    const from = Math.max(0, start - blockBytes)
    text = Buffer.concat([await readBlock(file, from, start - from), text])
    start = from
    const starts = lineStarts(text, start === 0)
    const wanted = starts[starts.length - lines]
    if (wanted !== undefined) return { offset: start + wanted, missing: 0 }
    if (start === 0) return { offset: 0, missing: lines - starts.length }
  }
  return { offset: 0, missing: lines }
}

/** Offsets at which whole lines begin; the first bytes count as a beginning only when they are the file's first. */
function lineStarts(text: Buffer, isFileStart: boolean): number[] {
  const starts: number[] = []
  let position = isFileStart ? 0 : text.indexOf(10) + 1
  let isBeginning = isFileStart
  while (position < text.length && (isFileStart || position > 0)) {
    const end = text.indexOf(10, position)
    if (end < 0) break
    if (isBeginning) starts.push(position)
    isBeginning = tagOf(text.subarray(position, end)) === 'F'
    position = end + 1
  }
  return starts
}

function tagOf(line: Buffer): string {
  const second = line.indexOf(32, line.indexOf(32) + 1)
  return String.fromCharCode(line[second + 1] ?? 0)
}

async function* wholeFile(path: string, offset: number): AsyncGenerator<Buffer, void> {
  const file = await openIfThere(path)
  if (!file) return
  try {
    yield* blocksFrom(file, offset)
  } finally {
    await file.close()
  }
}

async function* blocksFrom(file: FileHandle, offset: number): AsyncGenerator<Buffer, void> {
  let position = offset
  for (;;) {
    const block = await readBlock(file, position, blockBytes)
    if (block.length === 0) return
    position += block.length
    yield block
  }
}

async function readBlock(file: FileHandle, position: number, length: number): Promise<Buffer<ArrayBuffer>> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Takes the `<time> <stream> <tag> ` off the lines, or leaves the time where it is asked for, and applies `sinceMs`. */
function lineFormatter(query: LogQuery): (block: Buffer) => Buffer {
  let rest: Buffer = Buffer.alloc(0)
  let isContinued = false
  return (block) => {
    const text = rest.length > 0 ? Buffer.concat([rest, block]) : block
    const parts: Buffer[] = []
    let position = 0
    for (;;) {
      const end = text.indexOf(10, position)
      if (end < 0) break
      const line = text.subarray(position, end)
      position = end + 1
      const timeEnd = line.indexOf(32)
      const tagStart = line.indexOf(32, timeEnd + 1) + 1
      const isLast = line[tagStart] === 70 // F
      const time = line.subarray(0, timeEnd)
      if (query.sinceMs === undefined || Date.parse(time.toString('latin1')) >= query.sinceMs) {
        if (query.timestamps && !isContinued) parts.push(line.subarray(0, timeEnd + 1))
        parts.push(
          isLast ? text.subarray(position - line.length + tagStart + 1, position) : line.subarray(tagStart + 2),
        )
      }
      isContinued = !isLast
    }
    rest = Buffer.from(text.subarray(position))
    return Buffer.concat(parts)
  }
}

/** The query parameters of `pods/log`, or what is wrong with them. */
export function parseLogQuery(parameters: URLSearchParams, now: number): LogQuery | { readonly problem: string } {
  const numbers: Record<string, number> = {}
  for (const name of ['tailLines', 'sinceSeconds', 'limitBytes']) {
    const text = parameters.get(name)
    if (text === null || text === '') continue
    const value = Number(text)
    const smallest = name === 'tailLines' ? 0 : 1
    if (!Number.isSafeInteger(value) || value < smallest)
      return { problem: `${name} must be a whole number from ${smallest} on, not "${text}"` }
    numbers[name] = value
  }
  const sinceTime = parameters.get('sinceTime')
  const sinceTimeMs = sinceTime ? Date.parse(sinceTime) : undefined
  if (Number.isNaN(sinceTimeMs)) return { problem: `sinceTime must be an RFC 3339 time, not "${sinceTime}"` }
  const { tailLines, sinceSeconds, limitBytes } = numbers
  const sinceMs = sinceSeconds === undefined ? sinceTimeMs : now - sinceSeconds * 1000
  return {
    follow: parameters.get('follow') === 'true',
    timestamps: parameters.get('timestamps') === 'true',
    ...(tailLines !== undefined && { tailLines }),
    ...(sinceMs !== undefined && { sinceMs }),
    ...(limitBytes !== undefined && { limitBytes }),
  }
}
