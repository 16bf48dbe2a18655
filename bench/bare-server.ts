/**
 * The yardstick for servers: node:http or node:https that reads each body and answers the same bytes. Prints its port.
 * Usage: bare-server.ts ANSWER_FILE [CERTIFICATE_FILE KEY_FILE]
 */
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'

const [answerFile = '', certificateFile, keyFile] = process.argv.slice(2)
const answer = readFileSync(answerFile)

const listener: RequestListener = (request, response) => {
  request.resume()
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length })
    response.end(answer)
  })
}
const server =
  certificateFile !== undefined && keyFile !== undefined
    ? createTlsServer({ cert: readFileSync(certificateFile), key: readFileSync(keyFile) }, listener)
    : createServer(listener)
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`port ${typeof address === 'object' ? address?.port : ''}\n`)
})
process.on('SIGINT', () => process.exit(0))
