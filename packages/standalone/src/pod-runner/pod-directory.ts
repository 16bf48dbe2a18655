import { mkdir, realpath } from 'node:fs/promises'
import { isAbsolute, join, sep } from 'node:path'
import type { PodIdentity } from './pod.ts'

/**
 * Where a pod lives on disk. Everything below is the owner's alone (0700): secrets are in there.
 *
 * ```
 * <dataDir>/pods/<namespace>_<name>_<uid>/
 *   volumes/<volume>/            what mounts point at
 *   container-<name>/<restart>.log   what it wrote
 *   container-<name>/work, tmp       working directory, TMPDIR
 *   prepared                     init containers are done, under this boot of the machine
 * <dataDir>/volumes/<namespace>/<claim>/   persistent volumes
 * <dataDir>/processes/<pid>                processes that have to be ended if this one is killed
 * ```
 */
export function podsDirectory(dataDir: string): string {
  return join(dataDir, 'pods')
}

/** API names hold only letters, digits, `-` and `.`, so this name can be taken apart again at the underscores. */
export function podDirectory(dataDir: string, { namespace, name, uid }: PodIdentity): string {
  return join(podsDirectory(dataDir), [namespace, name, uid].map(checkedComponent).join('_'))
}

export function uidOfPodDirectory(directoryName: string): string | undefined {
  const parts = directoryName.split('_')
  return parts.length === 3 ? parts[2] : undefined
}

export function containerDirectory(podDir: string, container: string): string {
  return join(podDir, `container-${checkedComponent(container)}`)
}

export function volumeDirectory(podDir: string, volume: string): string {
  return join(podDir, 'volumes', checkedComponent(volume))
}

export function claimDirectory(dataDir: string, namespace: string, claim: string): string {
  return join(dataDir, 'volumes', checkedComponent(namespace), checkedComponent(claim))
}

export async function makePrivateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
}

/** True for a relative path that stays below where it starts. */
export function isInnerPath(path: string): boolean {
  if (path === '' || isAbsolute(path) || path.includes('\0')) return false
  return !path.split('/').includes('..')
}

/**
 * The place `inner` below `root`, symbolic links followed; undefined when that is outside of `root`. What is missing is
 * made as a directory, as the kubelet does for `subPath`.
 */
export async function innerPlace(root: string, inner: string): Promise<string | undefined> {
  if (!isInnerPath(inner)) return undefined
  const realRoot = await realpath(root)
  let place = realRoot
  for (const component of inner.split('/').filter((part) => part !== '' && part !== '.')) {
    place = join(place, component)
    await mkdir(place, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    place = await realpath(place)
    if (place !== realRoot && !place.startsWith(realRoot + sep)) return undefined
  }
  return place
}

function checkedComponent(component: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(component)) {
    throw new Error(
      `"${component}" cannot be part of a path: only letters, digits, "-" and "." are used in names here.`,
    )
  }
  return component
}
