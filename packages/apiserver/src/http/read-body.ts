import type { IncomingMessage } from 'node:http'
import { badRequest, bodyTooLarge } from './api-error.ts'

/** The bound of the real server's etcd-backed resources. */
export const bodyBytesMax = 3 * 1024 * 1024

/** The whole body. Throws 413 as soon as more than the bound has come or is announced. */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) return Promise.reject(bodyTooLarge(bodyBytesMax))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > bodyBytesMax) {
        request.pause()
        reject(bodyTooLarge(bodyBytesMax))
        return
      }
      chunks.push(chunk)
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('error', reject)
    request.on('aborted', () => reject(badRequest('the request ended before its body did')))
  })
}
