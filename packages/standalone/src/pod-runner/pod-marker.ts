import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Written when a pod's directory is complete; names the boot of the machine under which that was so. */
const markerName = 'prepared'

/**
 * True when the pod's volumes are as its init containers left them. After a crash of the machine files may be cut short
 * although the API remembers success, so, as on a rebooted node, init containers run again.
 */
export function isIntact(podDir: string, bootId: string | undefined): boolean {
  try {
    return readFileSync(join(podDir, markerName), 'utf8') === (bootId ?? 'unknown')
  } catch {
    return false
  }
}

export async function markIntact(podDir: string, bootId: string | undefined): Promise<void> {
  await writeFile(join(podDir, markerName), bootId ?? 'unknown', { mode: 0o600 })
}
