import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CustomResourceDefinition, group, kinds } from '@millrace/api'
import { parse } from 'yaml'

const kserve = 'github.com/kserve/kserve@v0.20.0'
const downloadMsMax = 5 * 60_000

let crds: readonly CustomResourceDefinition[] | undefined

/**
 * KServe's own full CRDs of our kinds, out of its Go module (60 MB, which Go keeps in its cache after the first time). They
 * are what we are measured by, so they come from where KServe publishes them, and are no part of this project.
 */
export function kserveCrds(): readonly CustomResourceDefinition[] {
  crds ??= readCrds()
  return crds
}

function readCrds(): readonly CustomResourceDefinition[] {
  const folder = join(moduleDirectory(), 'config/crd/full')
  const files = globSync(`**/${group}_*.yaml`, { cwd: folder })
  const all = files.map((file) => parse(readFileSync(join(folder, file), 'utf8')) as CustomResourceDefinition)
  return kinds.map(({ kind, plural }) => {
    const found = all.find(({ metadata }) => metadata.name === `${plural}.${group}`)
    if (!found) throw new Error(`${kserve} has no CRD of ${kind} in ${folder}`)
    return found
  })
}

function moduleDirectory(): string {
  const args = ['mod', 'download', '-json', kserve]
  const { status, stdout, stderr, error } = spawnSync('go', args, {
    cwd: tmpdir(),
    encoding: 'utf8',
    timeout: downloadMsMax,
  })
  if (status !== 0) throw new Error(`go could not download ${kserve}: ${error?.message ?? stderr + stdout}`)
  return (JSON.parse(stdout) as { readonly Dir: string }).Dir
}
