import type { ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

const gzipAsync = promisify(gzip)
/** The real server's threshold: below it, compressing costs more than it saves. */
const gzipBytesMin = 128 * 1024

export interface Answer {
  readonly code: number
  /** JSON text, or a value to be made JSON. */
  readonly body: string | object
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
}

/** Writes a whole answer. `warnings` become Warning headers, each said once. */
export async function respond(
  response: ServerResponse,
  answer: Answer,
  options: { readonly acceptsGzip: boolean; readonly warnings: readonly string[] },
): Promise<void> {
  const text = typeof answer.body === 'string' ? answer.body : `${JSON.stringify(answer.body)}\n`
  let bytes = Buffer.from(text)
  const headers: Record<string, string | readonly string[]> = {
    'Content-Type': answer.contentType ?? 'application/json',
    'Cache-Control': 'no-cache, private',
    ...answer.headers,
  }
  const warnings = warningHeaders(options.warnings)
  if (warnings.length > 0) headers['Warning'] = warnings
  if (options.acceptsGzip && bytes.length >= gzipBytesMin) {
    bytes = await gzipAsync(bytes, { level: 1 })
    headers['Content-Encoding'] = 'gzip'
    headers['Vary'] = 'Accept-Encoding'
  }
  if (response.destroyed || response.headersSent) return
  response.writeHead(answer.code, { ...headers, 'Content-Length': bytes.length })
  response.end(bytes)
}

const warningCharactersMax = 4096
const oneWarningCharactersMax = 256

/** RFC 7234 §5.5 as the real server writes it: `299 - "text"`, bounded in total. */
function warningHeaders(warnings: readonly string[]): string[] {
  const headers: string[] = []
  let total = 0
  for (const warning of new Set(warnings)) {
    // oxlint-disable-next-line no-control-regex -- header values must not hold control characters
    const plain = warning.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim()
    const text = total + plain.length > warningCharactersMax ? plain.slice(0, oneWarningCharactersMax) : plain
    if (total + text.length > warningCharactersMax * 2 || text === '') break
    total += text.length
    headers.push(`299 - "${encodeNonLatin(text).replace(/[\\"]/g, '\\$&')}"`)
  }
  return headers
}

/** Node refuses header characters beyond Latin-1; UTF-8 bytes in their place are what Go sends. */
function encodeNonLatin(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}
