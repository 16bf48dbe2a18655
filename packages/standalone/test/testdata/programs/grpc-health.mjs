// A gRPC health server without a library: NOT_SERVING at first, SERVING after READY_AFTER_MS.
import { createServer } from 'node:http2'

const readyAt = Date.now() + Number(process.env.READY_AFTER_MS ?? 0)
const server = createServer()
server.on('stream', (stream, headers) => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': headers[':path'] === '/grpc.health.v1.Health/Check' ? '0' : '12' }))
  let asked = Buffer.alloc(0)
  stream.on('data', (part) => {
    asked = Buffer.concat([asked, part])
  })
  stream.on('end', () => {
    const isKnown = asked.subarray(7).toString() === 'model'
    stream.end(Buffer.from([0, 0, 0, 0, 2, 8, isKnown && Date.now() >= readyAt ? 1 : 2]))
  })
})
server.listen(9000, process.env.MILLRACE_BIND_ADDRESS)
