import type { Scenario } from '../scenario.ts'
import { customResourceScenarios } from './custom-resources.ts'
import { discoveryScenarios } from './discovery.ts'
import { fieldValidationScenarios } from './field-validation.ts'
import { listScenarios } from './lists.ts'
import { manifestScenarios } from './manifests.ts'
import { namespaceScenarios } from './namespaces.ts'
import { objectScenarios } from './objects.ts'
import { patchScenarios } from './patches.ts'
import { applyScenarios } from './server-side-apply.ts'
import { subresourceScenarios } from './subresources.ts'
import { tableScenarios } from './tables.ts'
import { watchScenarios } from './watches.ts'

export { kubectlScenarios } from './kubectl.ts'

/** Those that need nothing but HTTPS. */
export const allScenarios: readonly Scenario[] = [
  ...objectScenarios,
  ...patchScenarios,
  ...applyScenarios,
  ...fieldValidationScenarios,
  ...listScenarios,
  ...watchScenarios,
  ...subresourceScenarios,
  ...manifestScenarios,
  ...customResourceScenarios,
  ...tableScenarios,
  ...discoveryScenarios,
  ...namespaceScenarios,
]
