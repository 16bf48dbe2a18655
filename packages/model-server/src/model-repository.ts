import type { ServerOptions } from './arguments/server-options.ts'
import type { Log } from './log.ts'
import { findModels, type ModelFile } from './model-file.ts'
import { type Model, ModelUnreadable } from './runtime.ts'

/** A loaded model under the name and version that requests call it by. */
export interface ServedModel {
  readonly name: string
  readonly version: string | undefined
  readonly model: Model
}

/** The models that a server answers for. */
export interface ModelRepository {
  readonly names: readonly string[]
  readonly find: (name: string) => ServedModel | undefined
  readonly close: () => Promise<void>
}

/**
 * Loads every model of the directory. Throws `ModelUnreadable` whose message is the whole sentence, file included.
 * A model found at the top of the directory is called as the arguments say; one alone in a folder is called by its folder
 * and by that name too.
 */
export async function openModelRepository(options: ServerOptions, log: Log): Promise<ModelRepository> {
  const files = await findModels(options.modelDir, options.modelFormat)
  const served = new Map<string, ServedModel>()
  for (const file of files) {
    const name = file.name ?? options.modelName
    served.set(name, { name, version: file.version, model: await loadModel(file, options, log, name) })
  }
  const [only] = served.values()
  const isNameless = options.isNameless && files[0]?.name === undefined
  const byAlias = (name: string) => (served.size === 1 && (name === options.modelName || isNameless) ? only : undefined)
  return {
    names: [...served.keys()],
    find: (name) => served.get(name) ?? byAlias(name),
    close: async () => {
      for (const { model } of served.values()) await model.close()
    },
  }
}

async function loadModel(file: ModelFile, options: ServerOptions, log: Log, name: string): Promise<Model> {
  const start = performance.now()
  try {
    const load = await file.runtime.importLoad()
    const model = await load(file.file, { threads: options.threads, predictProba: options.predictProba, log })
    log('model loaded', {
      model: name,
      format: file.runtime.name,
      file: file.file,
      ms: Math.round(performance.now() - start),
    })
    return model
  } catch (error) {
    const reason = error instanceof ModelUnreadable ? error.message : describeSystemError(error)
    if (reason === undefined) throw error
    throw new ModelUnreadable(`cannot load ${file.file} as ${file.runtime.name}: ${reason}`, { cause: error })
  }
}

const systemErrors: Readonly<Record<string, string>> = {
  EACCES: 'this user may not read it',
  ERR_STRING_TOO_LONG: 'it is too large to be read as text (512 MiB); save it in a binary form',
  ERR_FS_FILE_TOO_LARGE: 'it is larger than 2 GiB',
}

function describeSystemError(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return Object.hasOwn(systemErrors, code) ? systemErrors[code] : undefined
}
