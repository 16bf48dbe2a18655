import { mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

const prefix = '.millrace-partial-'

/** An empty hidden folder inside `directory` (so that moving out of it stays on one disk). Removes what killed fetches left. */
export async function openStaging(directory: string): Promise<string> {
  for (const name of await readdir(directory)) {
    if (name.startsWith(prefix)) await rm(join(directory, name), { recursive: true, force: true })
  }
  return await mkdtemp(join(directory, prefix))
}

/** Moves every entry up into `directory`, over what has the same name there. */
export async function commitStaging(staging: string, directory: string): Promise<void> {
  for (const name of await readdir(staging)) {
    const target = join(directory, name)
    await rm(target, { recursive: true, force: true })
    await rename(join(staging, name), target)
  }
}

export async function removeStaging(staging: string): Promise<void> {
  await rm(staging, { recursive: true, force: true })
}
