import { cpus, release, totalmem, type } from 'node:os'

export interface MachineFacts {
  readonly cores: number
  readonly cpu: string
  readonly kernel: string
  readonly memoryGiB: number
  readonly node: string
  /** Processes that wanted a core while nothing of ours ran: a busy machine makes every absolute figure worse. */
  readonly loadBefore: number
}

export function machineFacts(loadBefore: number): MachineFacts {
  const all = cpus()
  return {
    cores: all.length,
    cpu: all[0]?.model.trim() ?? 'unknown',
    kernel: `${type()} ${release()}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    loadBefore,
  }
}
