import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Client, createClient, silentLog } from '@millrace/kube'
import { type EmbeddedApiServer, startEmbeddedApiServer } from '../src/platform/embedded-api-server.ts'

/** An API server with nothing in it, and a client of it, both gone after the test. */
export async function embeddedServer(
  t: TestContext,
): Promise<{ readonly embedded: EmbeddedApiServer; readonly client: Client; readonly dataDir: string }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
  const embedded = await startEmbeddedApiServer({ dataDir, port: 0, log: silentLog })
  const client = createClient(embedded.connection)
  t.after(async () => {
    await client.close()
    await embedded.close()
    rmSync(dataDir, { recursive: true, force: true })
  })
  return { embedded, client, dataDir }
}
