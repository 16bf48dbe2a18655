import { rule } from './schema.ts'

interface Runtime {
  readonly disabled?: boolean
  readonly containers: readonly unknown[]
  readonly workerSpec?: object
}

/** A disabled runtime may be anything. */
const isDisabled = '(has(self.disabled) && self.disabled)'

export const someContainer = rule<Runtime>({
  name: 'runtime-containers',
  cel: `${isDisabled} || self.containers.size() > 0`,
  message: 'needs a container',
  advice: 'add it',
  field: 'containers',
  holds: ({ disabled, containers }) => disabled === true || containers.length > 0,
})

export const keepsWorkers = rule<Runtime>({
  name: 'immutable',
  cel: `${isDisabled} || !has(oldSelf.workerSpec) || has(self.workerSpec)`,
  message: 'cannot be taken away, because services may be running on it',
  advice: 'make another runtime',
  field: 'workerSpec',
  isChange: true,
  holds: (self, old) => self.disabled === true || old.workerSpec === undefined || self.workerSpec !== undefined,
})
