import { readFileSync } from 'node:fs'
import { configMapName, formatPath, type ParsedConfig, parseConfig } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import { CommandError } from '../command-error.ts'
import { formatPosition, type Manifest, readManifests } from '../manifest-files.ts'
import { throwProblems } from '../manifest-problems.ts'
import { placeInFile } from './place-in-file.ts'

export interface NewConfiguration {
  readonly object: KubeObject
  readonly parsed: ParsedConfig
  /** `file:line:column: …`, what nobody reads. */
  readonly warnings: readonly string[]
}

/** Reads the ConfigMap from a file. Throws CommandError with every mistake in it, each at its place. */
export function readNewConfiguration(file: string): NewConfiguration {
  const { manifests, problems } = readManifests([file])
  throwProblems(problems)
  const manifest = manifests.find(({ object }) => object.kind === 'ConfigMap' && object.metadata.name === configMapName)
  if (!manifest)
    throw new CommandError(
      `${file}: no ConfigMap ${configMapName} in it: the new configuration is given as that object`,
    )
  const parsed = parseConfig(textsOf(manifest))
  const text = file === '-' ? undefined : readFileSync(manifest.positionOf([]).file, 'utf8')
  const lines = parsed.findings.map(({ severity, segments, place, message }) => {
    const key = manifest.positionOf(segments.slice(0, 2))
    const position = place && text !== undefined ? placeInFile(text, key, place) : key
    const line = `${formatPosition(position)}: ${severity}: ${formatPath(segments)}: ${advice(message)}`
    return { severity, position, line }
  })
  lines.sort((a, b) => a.position.line - b.position.line || a.position.column - b.position.column)
  if (lines.some(({ severity }) => severity === 'error'))
    throw new CommandError(
      `${lines.map(({ line }) => line).join('\n')}\nNothing was compared: a controller would keep the last good value of these. Correct them first.`,
    )
  return { object: manifest.object, parsed, warnings: lines.map(({ line }) => line) }
}

/** The places say where in the file; the message's own words about the text of the key are not needed beside them. */
function advice(message: string): string {
  return message
    .replace(/ \(line \d+(, column \d+| of [\w.-]+)\)/, '')
    .replace(/; (the defaults are used|the last good value stays) until it is mended$/, '')
}

function textsOf({ object, positionOf }: Manifest): Readonly<Record<string, string>> {
  const data = Object.entries(Object(object['data']) as Readonly<Record<string, unknown>>)
  for (const [key, value] of data)
    if (typeof value !== 'string')
      throw new CommandError(
        `${formatPosition(positionOf(['data', key]))}: error: data.${key}: must be a text that holds JSON: begin it with "${key}: |"`,
      )
  return Object.fromEntries(data) as Readonly<Record<string, string>>
}
