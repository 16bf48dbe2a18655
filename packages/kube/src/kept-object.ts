import type { KubeObject, ManagedFieldsEntry } from './wire.ts'

/** An object as a local copy holds it, with what tells one state of it from another. */
export interface KeptObject<T extends KubeObject = KubeObject> {
  readonly uid: string | undefined
  readonly resourceVersion: string | undefined
  readonly content: T | ObjectText
}

/** JSON without managedFields: those are shared between objects, and stay so. */
interface ObjectText {
  readonly text: string
  readonly managedFields: ManagedFieldsEntry[] | undefined
}

export type Keep = <T extends KubeObject>(object: T) => KeptObject<T>

export const keepWhole: Keep = (object) => kept(object, object)

/**
 * A quarter of the memory, and nothing that the garbage collector has to walk through; each look at it parses it, which
 * takes a hundredth of a millisecond. For thousands of objects that are looked at now and then.
 */
export const keepAsText: Keep = (object) => {
  const { managedFields, ...metadata } = object.metadata
  return kept(object, { text: JSON.stringify({ ...object, metadata }), managedFields })
}

export function openKept<T extends KubeObject>({ content }: KeptObject<T>): T {
  if (!isText(content)) return content
  const object = JSON.parse(content.text) as T
  if (content.managedFields) object.metadata.managedFields = content.managedFields
  return object
}

function kept<T extends KubeObject>(object: T, content: T | ObjectText): KeptObject<T> {
  const { uid, resourceVersion } = object.metadata
  return { uid, resourceVersion, content }
}

function isText(content: KubeObject | ObjectText): content is ObjectText {
  return typeof content['text'] === 'string' && !('metadata' in content)
}
