import type { Terminal } from './terminal.ts'

/** Long work as lines: each step says what is being waited for, and how long it took once it is done. */
export interface Progress {
  /** Names the step that runs now; on a terminal it is redrawn in place. */
  step(label: string): void
  /** Adds what is going on inside the step. */
  detail(text: string): void
  /** Draws how much of the step is done. `total` may be an estimate, and grow. */
  count(done: number, total: number): void
  done(text?: string): void
  fail(text: string): void
  note(text: string): void
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const redrawMs = 80

const barWidth = 24

function bar(done: number, total: number): string {
  const filled = total === 0 ? barWidth : Math.min(barWidth, Math.floor((done / total) * barWidth))
  return `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`
}

export function createProgress(terminal: Terminal, now: () => number): Progress & { readonly close: () => void } {
  let label = ''
  let text = ''
  let startedMs = now()
  let frame = 0
  const isLive = terminal.isInteractive
  const clear = (): void => {
    if (isLive) terminal.error('\r\u001b[2K')
  }
  const draw = (): void => {
    if (!isLive || label === '') return
    frame = (frame + 1) % frames.length
    clear()
    terminal.error(`${frames[frame]} ${label}${text === '' ? '' : ` · ${text}`}`)
  }
  const timer = isLive ? setInterval(draw, redrawMs) : undefined
  timer?.unref()
  const finish = (mark: string, message: string): void => {
    clear()
    const seconds = ((now() - startedMs) / 1000).toFixed(1)
    terminal.error(`${mark} ${message} (${seconds} s)\n`)
    label = ''
    text = ''
  }
  return {
    step(next) {
      label = next
      text = ''
      startedMs = now()
      draw()
    },
    detail(next) {
      text = next
      draw()
    },
    count(done, total) {
      text = `${bar(done, total)} ${done} of ${total}`
      draw()
    },
    done(message) {
      finish('✔', message ?? label)
    },
    fail(message) {
      finish('✖', message)
    },
    note(message) {
      clear()
      terminal.error(`${message}\n`)
      draw()
    },
    close() {
      if (timer) clearInterval(timer)
      clear()
    },
  }
}
