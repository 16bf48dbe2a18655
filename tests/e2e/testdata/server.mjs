import { createServer } from 'node:http'

createServer((_asked, answer) => {
  answer.setHeader('content-type', 'application/json')
  answer.end(JSON.stringify({ predictions: [process.env.GREETING] }))
}).listen(8080, process.env.MILLRACE_BIND_ADDRESS)
