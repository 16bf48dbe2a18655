import { Socket } from 'node:net'

/**
 * Ends this process when the platform that started it dies: MILLRACE_LIFELINE_FD names an inherited pipe that nobody
 * writes to and whose other end only the platform holds. Throws a plain sentence when the number is no open pipe.
 */
export function watchLifeline(descriptor: string | undefined, onEnd: () => void): void {
  if (descriptor === undefined || descriptor === '') return
  if (!/^\d{1,4}$/.test(descriptor)) throw new Error(`MILLRACE_LIFELINE_FD=${descriptor} is no file descriptor`)
  let socket: Socket
  try {
    socket = new Socket({ fd: Number(descriptor), readable: true, writable: false })
  } catch (error) {
    throw new Error(`MILLRACE_LIFELINE_FD=${descriptor} is no open pipe`, { cause: error })
  }
  socket.on('error', onEnd)
  socket.on('close', onEnd)
  socket.resume()
  socket.unref()
}
