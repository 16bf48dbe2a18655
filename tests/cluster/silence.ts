import assert from 'node:assert/strict'
import { describeCall, isWrite } from '../deploy/audit.ts'
import { account, type Installation } from '../deploy/installation.ts'

const settledMs = 1_500
const convergeMsMax = 60_000
const pollMs = 200

/** Waits until the controller has written nothing for a while, and then that it goes on so for as long as asked. */
export async function becomesSilent({ audit }: Installation, quietMs = 0): Promise<void> {
  const writesSince = async (mark: number): Promise<readonly string[]> =>
    (await audit.calls(account, mark)).filter(isWrite).map((call) => `${describeCall(call)} ${call.objectRef?.name}`)
  const deadline = performance.now() + convergeMsMax
  for (;;) {
    const mark = await audit.mark()
    await new Promise((resolve) => setTimeout(resolve, settledMs))
    const written = await writesSince(mark)
    if (written.length === 0) break
    assert.ok(performance.now() < deadline, `it never stops writing:\n${written.join('\n')}`)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  const mark = await audit.mark()
  await new Promise((resolve) => setTimeout(resolve, quietMs))
  assert.deepEqual(await writesSince(mark), [], 'it writes where nothing changes')
}
