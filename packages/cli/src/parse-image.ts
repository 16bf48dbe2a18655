import { usageError } from './command-error.ts'
import type { ImagePrograms } from './images.ts'

/** `--image IMAGE=PROGRAM ARG…`, once for each image. Words are separated by spaces; quotes keep them together. */
export function parseImage(text: string, before: ImagePrograms = new Map()): ImagePrograms {
  const split = text.indexOf('=')
  const image = text.slice(0, Math.max(0, split)).trim()
  const words = Array.from(
    text.slice(split + 1).matchAll(/"([^"]*)"|'([^']*)'|\S+/g),
    ([word, double, single]) => double ?? single ?? word,
  )
  if (image === '' || words.length === 0) {
    throw usageError(`"${text}" is not IMAGE=PROGRAM, such as me/my-model="python3 model.py"`)
  }
  return new Map([...before, [image, words]])
}
