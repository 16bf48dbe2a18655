import type { KubeObject } from '@millrace/kube'
import { internalError } from '../http/api-error.ts'
import type { WriteContext } from '../fields/managed-fields.ts'
import type { KindBehaviour } from './served-resource.ts'

type Convert = NonNullable<WriteContext['convert']>

/** What an attempt lacks: an object in another version, which only the kind's webhook can tell. */
interface Lacking {
  readonly object: KubeObject
  readonly apiVersion: string
}

/** Each attempt learns one conversion more; owners in that many versions there are not. */
const attemptsMax = 30

/**
 * Runs field management, which is pure, for a kind whose versions differ: where it asks for an object in another version, that
 * is converted, and it runs again. Throws what the conversion throws.
 */
export async function withConversions<T>(
  { convert }: KindBehaviour,
  context: WriteContext,
  signal: AbortSignal,
  run: (context: WriteContext) => T,
): Promise<T> {
  if (!convert) return run(context)
  const known = new Map<string, KubeObject>()
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    let lacking: Lacking | undefined
    const lookUp: Convert = (object, apiVersion) => {
      // What is left of an object when everything was taken away is nothing in every version.
      if (object.kind === undefined) return { ...object, apiVersion }
      const found = known.get(keyOf(object, apiVersion))
      if (found) return found
      lacking = { object, apiVersion }
      throw lacking
    }
    try {
      return run({ ...context, convert: lookUp })
    } catch (error) {
      if (lacking === undefined || error !== lacking) throw error
    }
    const { object, apiVersion } = lacking
    const [converted] = await convert([object], apiVersion, signal)
    if (!converted) throw internalError(`the conversion to ${apiVersion} answered no object`)
    known.set(keyOf(object, apiVersion), converted)
  }
  throw internalError('the owners of the fields ask for conversions without end')
}

function keyOf(object: KubeObject, apiVersion: string): string {
  return `${apiVersion}|${JSON.stringify(object)}`
}
