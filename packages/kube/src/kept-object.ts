import type { KubeObject, ManagedFieldsEntry } from './wire.ts'

/** An object as a local copy holds it, with what tells one state of it from another. */
export interface KeptObject<T extends KubeObject = KubeObject> {
  readonly uid: string | undefined
  readonly resourceVersion: string | undefined
  whole: T | undefined
  small: SmallObject | undefined
}

/** JSON without managedFields, compressed: those are shared between objects, and stay so. */
interface SmallObject {
  /** One character is one byte: a Buffer for so few would be larger than they are. */
  readonly deflated: string
  readonly dictionary: Buffer
  readonly managedFields: ManagedFieldsEntry[] | undefined
}

/** How the objects of one collection are kept. */
export interface Keeper {
  keep<T extends KubeObject>(object: T): KeptObject<T>
  open<T extends KubeObject>(kept: KeptObject<T>): T
  /** It won't be opened again. */
  forget(kept: KeptObject): void
}

export const wholeKeeper: Keeper = {
  keep,
  open: ({ whole }) => {
    if (!whole) throw new TypeError('an object is not whole where all are')
    return whole
  },
  forget: () => {},
}

const wholeMax = 64
/** Fast before small: with a dictionary the fastest level finds nearly all there is to find. */
const compression = { level: 1, memLevel: 6, windowBits: 14 }
const dictionaryBytesMax = 2 ** 13

/**
 * For thousands of objects that are much alike: those looked at last are kept whole, of the others a tenth is left, each
 * compressed against some that came before it.
 */
export function createSmallKeeper(): Keeper {
  const { deflateRawSync, inflateRawSync } = process.getBuiltinModule('node:zlib')
  const recent = new Set<KeptObject>()
  let dictionary: Buffer = Buffer.alloc(0)
  let count = 0
  let renewAt = 1

  const compress = (object: KubeObject): SmallObject => {
    const { managedFields, ...metadata } = object.metadata
    const bytes = Buffer.from(JSON.stringify({ ...object, metadata }))
    // Newer ones know more: what a status looks like, which fields a server fills in. Old dictionaries live on in what needs them.
    if (++count >= renewAt) {
      dictionary = Buffer.concat([dictionary, bytes]).subarray(-dictionaryBytesMax)
      renewAt *= 2
    }
    const deflated = deflateRawSync(bytes, { ...compression, dictionary }).toString('latin1')
    return { deflated, dictionary, managedFields }
  }
  const decompress = <T extends KubeObject>({ small }: KeptObject<T>): T => {
    if (!small) throw new TypeError('an object is kept neither whole nor small')
    const options = { windowBits: compression.windowBits, dictionary: small.dictionary }
    const object = JSON.parse(inflateRawSync(Buffer.from(small.deflated, 'latin1'), options).toString('utf8')) as T
    if (small.managedFields) object.metadata.managedFields = small.managedFields
    return object
  }
  const remember = (kept: KeptObject) => {
    recent.delete(kept)
    recent.add(kept)
    const [oldest] = recent
    if (recent.size <= wholeMax || !oldest?.whole) return
    recent.delete(oldest)
    oldest.small ??= compress(oldest.whole)
    oldest.whole = undefined
  }
  return {
    keep: (object) => {
      const kept = keep(object)
      remember(kept)
      return kept
    },
    open: <T extends KubeObject>(kept: KeptObject<T>): T => {
      const object = kept.whole ?? decompress<T>(kept)
      kept.whole = object
      remember(kept)
      return object
    },
    forget: (kept) => void recent.delete(kept),
  }
}

function keep<T extends KubeObject>(object: T): KeptObject<T> {
  const { uid, resourceVersion } = object.metadata
  return { uid, resourceVersion, whole: object, small: undefined }
}
