import { StorageError } from '../storage-error.ts'

/**
 * The name of the downloaded file: the last part of the URL's path when it has an ending, as KServe takes it; else what
 * Content-Disposition says; else the path's last part, or the one after redirects. Never a path, never hidden.
 */
export function chooseFileName(asked: URL, final: URL, disposition: string | undefined): string {
  const fromUrl = lastPart(asked)
  const candidates = [fromUrl.includes('.') ? fromUrl : '', fromDisposition(disposition), fromUrl, lastPart(final)]
  const name = candidates.map(clean).find((candidate) => candidate !== '')
  if (name !== undefined) return name
  throw new StorageError(
    'Invalid',
    `${asked.origin}${asked.pathname} has no file name; end the URI with the model's file.`,
  )
}

function lastPart(url: URL): string {
  const part = url.pathname.slice(url.pathname.lastIndexOf('/') + 1)
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** `filename*=UTF-8''…` (RFC 6266) before `filename="…"`. */
function fromDisposition(header: string | undefined): string {
  const extended = /filename\*\s*=\s*UTF-8''([^;]+)/i.exec(header ?? '')?.[1]
  if (extended !== undefined) {
    try {
      return decodeURIComponent(extended.trim())
    } catch {
      return ''
    }
  }
  const [, quoted, plain] = /filename\s*=\s*(?:"([^"]*)"|([^;]+))/i.exec(header ?? '') ?? []
  return (quoted ?? plain ?? '').trim()
}

function clean(name: string): string {
  const last = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1)
  const printable = last.replace(/\p{Cc}/gu, '').replace(/^\.+/, '')
  return printable.slice(0, 200)
}
