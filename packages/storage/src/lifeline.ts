import { Socket } from 'node:net'

/** Calls `onEnd` when the platform that started this process dies: MILLRACE_LIFELINE_FD names a pipe that only it holds open. */
export function watchLifeline(descriptor: string | undefined, onEnd: () => void): void {
  if (descriptor === undefined || !/^\d{1,4}$/.test(descriptor)) return
  const socket = new Socket({ fd: Number(descriptor), readable: true, writable: false })
  socket.on('error', onEnd)
  socket.on('close', onEnd)
  socket.resume()
  socket.unref()
}
