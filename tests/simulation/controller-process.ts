import { type Controller, type ControllerOptions, startController } from '@millrace/controller'
import type { VirtualClock } from '@millrace/testkit'
import type { MortalTransport } from './mortal-transport.ts'

/** The controller as a process: what it has in memory dies with it. */
export interface ControllerProcess {
  readonly transport: MortalTransport
  readonly controller: Controller
  /** As SIGTERM: it may finish what it does. */
  stop(): Promise<void>
  /** As SIGKILL. */
  kill(): Promise<void>
}

export async function startControllerProcess(
  transport: MortalTransport,
  clock: VirtualClock,
  options: ControllerOptions,
): Promise<ControllerProcess> {
  const controller = await startController(options)
  const end = (): Promise<void> => runUntil(clock, controller.close())
  return {
    transport,
    controller,
    stop: end,
    kill: () => {
      transport.die()
      return end()
    },
  }
}

/** Lets time pass until something is done that needs time to end. */
export async function runUntil(clock: VirtualClock, done: Promise<unknown>): Promise<void> {
  let isDone = false
  void done.finally(() => {
    isDone = true
  })
  for (let step = 0; !isDone && step < 120; step++) await clock.advance(1_000)
  if (!isDone) throw new Error('something that was to end within two minutes did not')
  await done
}
