import { open, truncate } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FetchJob } from '../fetch-options.ts'
import { redactUri } from '../redact-uri.ts'
import { StorageError } from '../storage-error.ts'
import { chooseFileName } from './file-name.ts'
import { openHttp } from './open-http.ts'

/** What is on disk of a download that may have to go on. */
interface Download {
  file: string | undefined
  bytes: number
  /** ETag or Last-Modified of what the bytes belong to: only the same file may be gone on with. */
  validator: string | undefined
}

/** A failure of the network or a server in trouble: worth another attempt. */
class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

const progressMs = 5_000
const firstPauseMs = 500

/**
 * Downloads one file to disk as it comes. What is interrupted goes on where it stopped if the server can (Range with
 * If-Range), at most `attemptsMax` times.
 */
export async function fetchHttp(job: FetchJob): Promise<void> {
  const url = parseUrl(job.uri)
  const download: Download = { file: undefined, bytes: 0, validator: undefined }
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryDownload(url, job, download)
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error
      if (attempt >= job.limits.attemptsMax) {
        throw new StorageError(
          'Unavailable',
          `${redactUri(job.uri)} could not be downloaded in ${attempt} attempts: ${error.message}.`,
          { cause: error },
        )
      }
      job.log('download interrupted, trying again', { reason: error.message, bytes: download.bytes, attempt })
      await sleep(firstPauseMs * 2 ** (attempt - 1), undefined, { signal: job.signal })
    }
  }
}

async function tryDownload(url: URL, job: FetchJob, download: Download): Promise<void> {
  const isResuming = download.bytes > 0 && download.validator !== undefined
  const range =
    isResuming && download.validator ? { range: `bytes=${download.bytes}-`, 'if-range': download.validator } : {}
  const { response, url: finalUrl } = await openHttp(url, range, job).catch((error: unknown) => {
    throw toInterrupted(error, job)
  })
  try {
    checkStatus(response, job)
    const isContinued = response.statusCode === 206 && isResuming && startsAt(response, download.bytes)
    if (response.statusCode === 206 && !isContinued) {
      download.validator = undefined
      throw new Interrupted('the server answered with another part than asked for')
    }
    if (download.file === undefined)
      download.file = join(job.staging, chooseFileName(url, finalUrl, response.headers['content-disposition']))
    if (!isContinued && download.bytes > 0) {
      await truncate(download.file, 0)
      download.bytes = 0
    }
    download.validator = readValidator(response)
    const length = response.headers['content-length']
    const total = length === undefined ? undefined : download.bytes + Number(length)
    if (total !== undefined && total > job.limits.bytesMax) throw tooLarge(job)
    await receive(response, job, download, total)
    if (total !== undefined && download.bytes !== total)
      throw new Interrupted(`the connection ended after ${download.bytes} of ${total} bytes`)
    job.log('downloaded', { bytes: download.bytes })
  } finally {
    response.destroy()
  }
}

/** Writes what comes; `download.bytes` is always what the file holds. */
async function receive(
  response: IncomingMessage,
  job: FetchJob,
  download: Download,
  total: number | undefined,
): Promise<void> {
  const handle = await open(download.file ?? '', download.bytes > 0 ? 'a' : 'w')
  let nextReport = performance.now() + progressMs
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (download.bytes + chunk.length > job.limits.bytesMax) throw tooLarge(job)
      await handle.writeFile(chunk).catch((error: unknown) => {
        throw cannotWrite(error)
      })
      download.bytes += chunk.length
      if (performance.now() <= nextReport) continue
      nextReport = performance.now() + progressMs
      job.log('downloading', { bytes: download.bytes, ...(total !== undefined && { total }) })
    }
  } catch (error) {
    throw toInterrupted(error, job)
  } finally {
    await handle.close()
  }
}

function cannotWrite(error: unknown): StorageError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const reason = code === 'ENOSPC' ? 'the disk is full' : String(code ?? error)
  return new StorageError('Refused', `Cannot write the download: ${reason}.`, { cause: error })
}

function toInterrupted(error: unknown, job: FetchJob): unknown {
  if (job.signal.aborted) return job.signal.reason
  if (error instanceof StorageError || error instanceof Interrupted) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const message = error instanceof Error ? error.message : String(error)
  return new Interrupted(code === 'ENOTFOUND' ? 'the host name is unknown' : message, { cause: error })
}

const finalStatus: Readonly<Record<number, readonly ['NotFound' | 'Refused', string]>> = {
  401: [
    'Refused',
    'wants other credentials (401): give the headers in a secret of the type that KServe documents for https',
  ],
  403: ['Refused', 'is forbidden (403): check the credentials'],
  404: ['NotFound', 'does not exist (404): check the path'],
  410: ['NotFound', 'is gone (410)'],
}

function checkStatus(response: IncomingMessage, job: FetchJob): void {
  const status = response.statusCode ?? 0
  const shown = redactUri(job.uri)
  if (status === 200 || status === 206) {
    if (!/^text\/html\b/i.test(response.headers['content-type'] ?? '')) return
    throw new StorageError('Invalid', `${shown} answers with a web page, not a model file: check the path.`)
  }
  const final = finalStatus[status]
  if (final !== undefined) throw new StorageError(final[0], `${shown} ${final[1]}.`)
  if (status >= 500 || status === 408 || status === 429) throw new Interrupted(`the server answered ${status}`)
  throw new StorageError('Refused', `${shown} answers ${status}.`)
}

function startsAt(response: IncomingMessage, bytes: number): boolean {
  return new RegExp(`^bytes ${bytes}-`).test(response.headers['content-range'] ?? '')
}

/** A weak ETag does not promise the same bytes. */
function readValidator(response: IncomingMessage): string | undefined {
  const { etag, 'last-modified': modified } = response.headers
  return etag !== undefined && !etag.startsWith('W/') ? etag : modified
}

function tooLarge(job: FetchJob): StorageError {
  return new StorageError('TooLarge', `${redactUri(job.uri)} is larger than ${job.limits.bytesMax} bytes.`)
}

function parseUrl(uri: string): URL {
  try {
    return new URL(uri)
  } catch {
    throw new StorageError('Invalid', `"${redactUri(uri)}" is no URL.`)
  }
}
