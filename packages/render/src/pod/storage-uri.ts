/** How the model of an OCI image gets into the pod: a container beside the server, a volume, or a download. */
export type OciMode = 'modelcar' | 'native' | 'fetch'

export interface OciUri {
  /** What the URI itself asks for (`oci+native://`); absent: the cluster's setting decides. */
  readonly mode: string | undefined
  /** Image reference without scheme. */
  readonly image: string
}

export function parseOciUri(uri: string): OciUri | undefined {
  const found = /^oci(?:\+([^:]+))?:\/\/(.*)$/s.exec(uri)
  return found ? { mode: found[1], image: found[2] ?? '' } : undefined
}

/** `pvc://claim/path/inside` */
export function parsePvcUri(uri: string): { readonly claim: string; readonly path: string } {
  const [claim = '', ...path] = uri.replace(/^pvc:\/\//, '').split('/')
  return { claim, path: path.join('/') }
}

/** The deepest directory that holds all the paths. */
export function commonParent(paths: readonly string[]): string {
  const [first, ...others] = paths
  if (first === undefined) return ''
  if (others.length === 0) return first
  const shared: string[] = []
  const split = paths.map((path) => path.split('/').filter(Boolean))
  for (const [depth, part] of (split[0] ?? []).entries()) {
    if (!split.every((parts) => parts[depth] === part)) break
    shared.push(part)
  }
  return `/${shared.join('/')}`
}

const volumeNameMax = 63

/** A volume's name made from where it is mounted: what a name cannot hold becomes a dash, and of a long path the end counts. */
export function volumeNameOf(path: string): string {
  const name = path.split('/').filter(Boolean).join('-').toLowerCase()
  return name
    .replace(/[^a-z0-9-]/g, '-')
    .slice(-volumeNameMax)
    .replace(/^-+|-+$/g, '')
}

export function parentDirectory(path: string): string {
  const parent = path.replace(/\/+$/, '').split('/').slice(0, -1).join('/')
  return parent === '' ? '/' : parent
}
