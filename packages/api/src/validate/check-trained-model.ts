import type { TrainedModel } from '../kinds/trained-model.ts'
import { type CheckContext, gatherFindings } from './check-context.ts'
import { isRecord } from './check-schema.ts'
import type { Finding } from './finding.ts'
import { parseQuantity } from './quantity.ts'

const modelName = /^[a-zA-Z0-9_-]+$/

/** What the agent of a multi-model server fetches. */
const prefixes: readonly string[] = ['s3://', 'gs://', 'https://', 'http://']

/** What the schema cannot say about a TrainedModel. */
export function checkTrainedModel(model: TrainedModel, context: CheckContext = {}): Finding[] {
  const { name } = model.metadata
  const { storageUri, memory } = model.spec.model
  return gatherFindings((report) => {
    if (name !== undefined && !modelName.test(name)) {
      const message = `${JSON.stringify(name)} cannot be part of a model's path: use letters, digits, "_" and "-"`
      report.error(['metadata', 'name'], 'name', message, { value: name })
    }
    if (!prefixes.some((prefix) => storageUri.startsWith(prefix))) {
      const message = `must begin with one of ${prefixes.join(', ')}, which a multi-model server fetches`
      report.error(['spec', 'model', 'storageUri'], 'storage-scheme', message, { value: storageUri })
    }
    const before = oldMemory(context.old)
    if (before !== undefined && parseQuantity(before) !== parseQuantity(memory)) {
      const message = `cannot be changed from ${before} to ${memory}: make the model anew`
      report.error(['spec', 'model', 'memory'], 'immutable', message, { value: memory })
    }
  })
}

function oldMemory(old: unknown): unknown {
  const spec = isRecord(old) ? old['spec'] : undefined
  const model = isRecord(spec) ? spec['model'] : undefined
  return isRecord(model) ? model['memory'] : undefined
}
