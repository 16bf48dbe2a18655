import type { CredentialContext } from './credential-context.ts'
import type { Clock } from './clock.ts'
import type { Connection, Credentials } from './connection.ts'
import { createExecPlugin } from './exec-plugin.ts'
import { createFileReader } from './file-reader.ts'
import { type KubeconfigEntry, malformed, pathField, pemDataField, textField } from './kubeconfig.ts'

type CredentialSource = Pick<Connection, 'credentials' | 'forgetCredentials'>

/** The credentials of a kubeconfig's user: fixed, from files that rotate, or from an exec plugin. No user: anonymous. */
export async function createCredentialSource(
  user: KubeconfigEntry | undefined,
  context: CredentialContext,
): Promise<CredentialSource> {
  if (!user) return { credentials: async () => ({}), forgetCredentials: () => false }
  if (user.fields['auth-provider'] !== undefined) {
    throw malformed(
      user.file,
      `${user.at}.auth-provider`,
      'is no longer supported by Kubernetes; use an exec credential plugin (e.g. kubelogin)',
    )
  }
  if (user.fields['exec'] !== undefined) return createExecPlugin(user, context)
  const token = tokenSource(user, context.clock)
  const [certificate, key] = [
    pemSource(user, 'client-certificate', context.clock),
    pemSource(user, 'client-key', context.clock),
  ]
  if ((certificate === undefined) !== (key === undefined)) {
    throw malformed(user.file, user.at, 'has a client certificate without its key, or a key without its certificate')
  }
  const sources = [token, certificate, key]
  const source: CredentialSource = {
    credentials: async (): Promise<Credentials> => ({
      ...(token && { authorization: await token.read() }),
      ...(certificate && { certificate: await certificate.read() }),
      ...(key && { key: await key.read() }),
    }),
    forgetCredentials: () => sources.map((one) => one?.forget() ?? false).some(Boolean),
  }
  await source.credentials()
  return source
}

interface TextSource {
  read(): Promise<string>
  forget(): boolean
}

/** The Authorization header. A token file wins over a token, as in client-go, because it is the fresher one. */
function tokenSource(user: KubeconfigEntry, clock: Clock): TextSource | undefined {
  const file = pathField(user, 'tokenFile')
  if (file !== undefined) {
    const reader = createFileReader(file, clock)
    return { read: async () => `Bearer ${(await reader.read()).trim()}`, forget: () => reader.forget() }
  }
  const token = textField(user, 'token')
  if (token !== undefined) return fixed(`Bearer ${token}`)
  const [name, password] = [textField(user, 'username'), textField(user, 'password')]
  if (name === undefined) return undefined
  return fixed(`Basic ${Buffer.from(`${name}:${password ?? ''}`).toString('base64')}`)
}

function pemSource(user: KubeconfigEntry, field: string, clock: Clock): TextSource | undefined {
  const data = pemDataField(user, `${field}-data`)
  if (data !== undefined) return fixed(data)
  const file = pathField(user, field)
  return file === undefined ? undefined : createFileReader(file, clock)
}

function fixed(text: string): TextSource {
  return { read: async () => text, forget: () => false }
}
