import type { KubeObject } from '@millrace/kube'
import { invalid } from '../../http/api-error.ts'
import type { KindHook } from '../kind-hooks.ts'
import { asCrd, completeNames, type Crd, type CrdStatus, crdFinalizer } from './crd-spec.ts'
import { checkCrd, checkCrdUpdate } from './validate-crd.ts'
import { timestamp } from '../platform.ts'

/** What writes of CustomResourceDefinitions complete and check. */
export function crdHook(now: () => Date): KindHook {
  return {
    beforeCreate: async (object) => {
      const crd = complete(asCrd(object))
      await refuseInvalid(crd, undefined)
      const storage = crd.spec.versions.filter((version) => version.storage).map(({ name }) => name)
      const status: CrdStatus = { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: storage }
      return { ...crd, status }
    },
    beforeUpdate: async (object, old, subresource) => {
      if (subresource === 'status') return object
      const crd = complete(asCrd(object))
      await refuseInvalid(crd, asCrd(old))
      return crd
    },
    onDelete: (object, old) => markTerminating(asCrd(object), old, timestamp(now())),
  }
}

function complete(crd: Crd): Crd {
  const names = completeNames(crd.spec.names ?? { plural: '', kind: '' })
  const versions = crd.spec.versions ?? []
  return { ...crd, spec: { ...crd.spec, names, versions, conversion: crd.spec.conversion ?? { strategy: 'None' } } }
}

async function refuseInvalid(crd: Crd, old: Crd | undefined): Promise<void> {
  const errors = old ? await checkCrdUpdate(crd, old) : await checkCrd(crd)
  if (errors.length > 0) {
    throw invalid('CustomResourceDefinition', 'apiextensions.k8s.io', crd.metadata.name ?? '', errors)
  }
}

/** The instances go first: a finalizer holds the definition until then. */
function markTerminating(crd: Crd, old: KubeObject, now: string): KubeObject {
  const finalizers = crd.metadata.finalizers ?? []
  if (crd.status?.conditions?.some(({ type }) => type === 'Terminating')) return crd
  const terminating = {
    type: 'Terminating',
    status: 'True',
    lastTransitionTime: now,
    reason: 'InstanceDeletionPending',
    message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
  } as const
  // A CRD's deletion neither counts as a change of its spec nor has a grace period.
  const { deletionGracePeriodSeconds: _, ...metadata } = crd.metadata
  const generation = old.metadata.generation === undefined ? {} : { generation: old.metadata.generation }
  return {
    ...crd,
    metadata: { ...metadata, ...generation, finalizers: [...new Set([...finalizers, crdFinalizer])] },
    status: { ...crd.status, conditions: [...(crd.status?.conditions ?? []), terminating] },
  }
}
