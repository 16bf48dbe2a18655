import { connect } from 'node:http2'
import type { Attempt } from './attempt.ts'

const serving = 1
const answerBytesMax = 1024

/**
 * Asks `grpc.health.v1.Health/Check`, in plain text, as the kubelet's grpc probe does. The two messages have one field
 * each, so they are written here by hand: request `service` (1, string), response `status` (1, enum).
 */
export function attemptGrpcHealth(host: string, port: number, service: string, signal: AbortSignal): Promise<Attempt> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://${host}:${port}`)
    const finish = (attempt: Attempt) => {
      resolve(attempt)
      session.destroy()
    }
    const fail = (error: Error) => {
      reject(error)
      session.destroy()
    }
    session.once('error', fail)
    signal.addEventListener('abort', () => fail(new Error('no answer in time')), { once: true })
    const call = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      'grpc-timeout': '10S',
      te: 'trailers',
    })
    let answer = Buffer.alloc(0)
    let grpcStatus: string | undefined
    call.on('data', (chunk: Buffer) => {
      if (answer.length < answerBytesMax) answer = Buffer.concat([answer, chunk])
    })
    const readStatus = (headers: Record<string, unknown>) => {
      if (typeof headers['grpc-status'] === 'string') grpcStatus = headers['grpc-status']
    }
    call.once('response', readStatus)
    call.once('trailers', readStatus)
    call.once('error', fail)
    call.once('end', () => {
      if (grpcStatus !== undefined && grpcStatus !== '0') {
        return finish({ ok: false, message: `the gRPC health check answered with status ${grpcStatus}` })
      }
      const state = servingStatus(answer)
      finish(
        state === serving ? { ok: true } : { ok: false, message: `the gRPC health status is ${state}, not SERVING` },
      )
    })
    call.end(requestFrame(service))
  })
}

function requestFrame(service: string): Buffer {
  const name = Buffer.from(service)
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name])
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]
}

/** The enum's default, 0 (UNKNOWN), is not written to the wire. */
function servingStatus(frame: Buffer): number {
  return frame[5] === 0x08 ? (frame[6] ?? 0) : 0
}
