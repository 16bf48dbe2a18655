import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Who listens on a port of all addresses of this machine, in words. Undefined: nobody, or it cannot be seen. */
export function wildcardListener(port: number): string | undefined {
  const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => listeningSockets(file, port)))
  if (inodes.size === 0) return undefined
  const pid = pids().find((candidate) => holdsAny(candidate, inodes))
  return pid === undefined ? 'another user’s program' : describeProcess(pid)
}

const listening = '0A'

/** Inodes of sockets that listen on the port of all addresses: proc(5), columns local_address, st and inode. */
function listeningSockets(file: string, port: number): readonly string[] {
  const place = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return (textOf(file) ?? '').split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
    return state === listening && local.endsWith(place) && /^0+:/.test(local) ? [inode] : []
  })
}

function pids(): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid))
}

function holdsAny(pid: number, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((descriptor) => {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1]
      return inode !== undefined && inodes.has(inode)
    })
  } catch {
    return false // It has ended, or is somebody else's.
  }
}

/** Programs of pods know their address, and their pod by its name. */
function describeProcess(pid: number): string {
  const program = `process ${pid} (${textOf(`/proc/${pid}/comm`)?.trim() ?? 'unknown'})`
  const environment = textOf(`/proc/${pid}/environ`)?.split('\0') ?? []
  const name = environment.find((entry) => entry.startsWith('HOSTNAME='))?.slice('HOSTNAME='.length)
  const isPod = environment.some((entry) => entry.startsWith('MILLRACE_BIND_ADDRESS='))
  return isPod && name ? `pod ${name}, ${program}` : program
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
