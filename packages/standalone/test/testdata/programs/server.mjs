// An HTTP server on the pod's address. PORT, READY_AFTER_MS, STOP_AFTER_MS; `GET /crash` ends it with exit code 3.
import { createServer } from 'node:http'

const readyAt = Date.now() + Number(process.env.READY_AFTER_MS ?? 0)
let isHealthy = true
const server = createServer((request, response) => {
  if (request.url === '/crash') process.exit(3)
  if (request.url === '/sicken') isHealthy = false
  if (request.url === '/healthz') response.statusCode = isHealthy ? 200 : 500
  if (request.url === '/ready') response.statusCode = Date.now() >= readyAt ? 200 : 503
  response.end(JSON.stringify({ pod: process.env.HOSTNAME, url: request.url }))
})
server.listen(Number(process.env.PORT ?? 8080), process.env.MILLRACE_BIND_ADDRESS, () => console.log('listening'))
process.on('SIGTERM', () => {
  console.log('stopping')
  server.close()
  setTimeout(() => process.exit(0), Number(process.env.STOP_AFTER_MS ?? 0))
})
