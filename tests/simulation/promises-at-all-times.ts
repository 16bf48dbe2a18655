import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '@millrace/kube'
import type { Happening } from './history.ts'
import {
  asksForNoPods,
  hasMarker,
  isPrimary,
  isReady,
  isStopped,
  labels,
  markerOf,
  observedGeneration,
  ownerOf,
} from './objects.ts'
import { secretValue } from './user-actions.ts'
import type { TracedCall } from './traced-calls.ts'

/** Holds at every moment, faults or not. Made anew for each world, since some remember. */
export interface Watcher {
  readonly name: string
  /** Told of everything that is ever stored, in its order. Answers what is wrong. */
  see?(happening: Happening): string | undefined
  /** Told of every call that reached the server. */
  hear?(call: TracedCall): string | undefined
}

export function watchers(): readonly Watcher[] {
  return [
    ownGeneration(),
    readyIsEarned(),
    oldVersionKeepsServing(),
    secretsStaySecret(),
    wishIsTheUsers(),
    statusIsWrittenForAReason(),
    onlyOursIsDeleted(),
    noErrorsOfOurs(),
    refusedForItself(),
  ]
}

const about = ({ kind, metadata }: KubeObject): string =>
  `${kind} ${metadata.name} (revision ${metadata.resourceVersion})`

/** `status.observedGeneration` is the object's own, and that of the spec which the status is about. */
function ownGeneration(): Watcher {
  return {
    name: 'own generation',
    see: ({ type, object, previous }) => {
      if (!isPrimary(object) || type === 'deleted') return undefined
      if (isDeepStrictEqual(object['status'], previous?.['status'])) return undefined
      const { generation } = object.metadata
      const observed = observedGeneration(object)
      if (observed === generation || object['status'] === undefined) return undefined
      return `${about(object)}: observedGeneration is ${observed}, its own generation is ${generation}`
    },
  }
}

/**
 * Ready is said of the newest generation only, and after a pod of the service was ready. While a rollout is under way that may
 * be a pod of an earlier version: it is what serves, and `modelStatus` tells of the newer one.
 */
function readyIsEarned(): Watcher {
  const earned = new Set<string>()
  const known = new Map<string, { readonly owner: KubeObject; readonly markers: Set<string> }>()
  const placeOf = (kind: string, name: string | undefined): string => `${kind} ${name}`
  return {
    name: 'Ready is earned',
    see: ({ type, object, previous }) => {
      if (object.kind === 'Pod' && isReady(object)) {
        const { [labels.service]: service, [labels.graph]: graph } = object.metadata.labels ?? {}
        const found = known.get(service ? placeOf('InferenceService', service) : placeOf('InferenceGraph', graph))
        // A pod of an earlier life of the name runs none of this object's models.
        const isOurs = found && [...found.markers].some((marker) => marker === 'graph' || hasMarker(object, marker))
        if (isOurs) earned.add(found.owner.metadata.uid ?? '')
        return undefined
      }
      if (!isPrimary(object) || object.kind === 'TrainedModel') return undefined
      const place = placeOf(object.kind, object.metadata.name)
      if (type === 'deleted') return void known.delete(place)
      const before = known.get(place)
      const markers = before?.owner.metadata.uid === object.metadata.uid ? before?.markers : undefined
      const marker = object.kind === 'InferenceGraph' ? 'graph' : markerOf(Object(object['spec']).predictor)
      known.set(place, { owner: object, markers: new Set([...(markers ?? []), marker]) })
      if (!isReady(object) || isDeepStrictEqual(object['status'], previous?.['status'])) return undefined
      if (observedGeneration(object) !== object.metadata.generation)
        return `${about(object)}: Ready is True for generation ${observedGeneration(object)} of ${object.metadata.generation}`
      return earned.has(object.metadata.uid ?? '') || asksForNoPods(object)
        ? undefined
        : `${about(object)}: Ready is True, and no pod of it was ever ready`
    },
  }
}

/** Once a service has served, a predictor's pod is ready until somebody stops or deletes the service. */
function oldVersionKeepsServing(): Watcher {
  const served = new Map<string, string>()
  const pods = new Map<string, KubeObject>()
  /** Knative Services that the controller has ever deleted. */
  const deleted = new Set<string>()
  const check = (name: string): string | undefined => {
    const uid = served.get(name)
    if (uid === undefined) return undefined
    const ready = [...pods.values()].some(
      (pod) => pod.metadata.labels?.[labels.service] === name && isReady(pod) && !pod.metadata.deletionTimestamp,
    )
    if (ready) return undefined
    served.delete(name)
    return `InferenceService ${name} has served, nobody stopped it, and none of its predictor's pods is ready`
  }
  return {
    name: 'an old version keeps serving',
    hear: ({ who, method, path }) => {
      const match = /serving\.knative\.dev\/.*\/services\/([^/?]+)/.exec(path)
      if (who === 'controller' && method === 'DELETE' && match?.[1]) deleted.add(match[1])
      return undefined
    },
    see: ({ type, object, previous }) => {
      if (object.kind === 'InferenceService') {
        const name = object.metadata.name ?? ''
        const isEnding = type === 'deleted' || object.metadata.deletionTimestamp !== undefined
        if (isEnding || isStopped(object) || asksForNoPods(object)) served.delete(name)
        // Only a change to True counts: a status that nobody has looked at since a stop says nothing.
        else if (isReady(object) && !isReady(previous)) served.set(name, object.metadata.uid ?? '')
        return undefined
      }
      // With a product that is removed goes all that it ran, and nobody of ours deleted it.
      const isKnative = object.apiVersion.startsWith('serving.knative.dev/')
      if (isKnative && type === 'deleted' && !deleted.has(object.metadata.name ?? ''))
        return void served.delete(ownerOf(object)?.name ?? '')
      if (object.kind !== 'Pod' || object.metadata.labels?.[labels.component] !== 'predictor') return undefined
      if (type === 'deleted') pods.delete(object.metadata.uid ?? '')
      else pods.set(object.metadata.uid ?? '', object)
      return check(object.metadata.labels[labels.service] ?? '')
    },
  }
}

/** No value of a Secret is ever in another object. */
function secretsStaySecret(): Watcher {
  const encoded = Buffer.from(secretValue).toString('base64').slice(0, 20)
  return {
    name: 'secrets stay secret',
    see: ({ object }) => {
      if (object.kind === 'Secret') return undefined
      const text = JSON.stringify(object)
      return text.includes(secretValue) || text.includes(encoded)
        ? `${about(object)} holds the value of a Secret`
        : undefined
    },
  }
}

/** Spec, labels and annotations of our kinds change by their users alone. */
function wishIsTheUsers(): Watcher {
  const wishOf = ({ spec, metadata }: KubeObject): unknown => [spec, metadata.annotations, metadata.labels]
  const written = new Set<string>()
  return {
    name: 'a wish is its user’s',
    hear: ({ who, method, path, status, text }) => {
      if (who !== 'user' || method === 'GET' || status >= 300 || !path.includes('/serving.kserve.io/')) return undefined
      const stored = JSON.parse(text) as KubeObject
      written.add(`${stored.metadata?.uid}/${stored.metadata?.resourceVersion}`)
      return undefined
    },
    see: ({ type, object, previous }) => {
      if (!isPrimary(object) || type === 'deleted' || isDeepStrictEqual(wishOf(object), previous && wishOf(previous)))
        return undefined
      const { uid, resourceVersion } = object.metadata
      return written.has(`${uid}/${resourceVersion}`)
        ? undefined
        : `${about(object)}: the wish was rewritten, and not by its user`
    },
  }
}

/** A status is written when there is something new in it. */
function statusIsWrittenForAReason(): Watcher {
  return {
    name: 'status is written for a reason',
    hear: ({ who, method, path, status, text, body }) => {
      if (who !== 'controller' || method !== 'PUT' || !path.includes('/status') || status !== 200) return undefined
      const sent = JSON.parse(body ?? '{}') as KubeObject
      const stored = JSON.parse(text) as KubeObject
      return sent.metadata.resourceVersion === stored.metadata.resourceVersion
        ? `${about(stored)}: its status was written as it already was`
        : undefined
    },
  }
}

/** What we delete is ours. */
function onlyOursIsDeleted(): Watcher {
  const owners = new Map<string, boolean>()
  const pathOf = ({ resource, object }: Happening): string =>
    `/${resource.plural}/${object.metadata.name} ${object.metadata.namespace}`
  return {
    name: 'only ours is deleted',
    see: (happening) => {
      const { object } = happening
      const isOurs = object.metadata.ownerReferences?.some(({ apiVersion }) =>
        apiVersion.startsWith('serving.kserve.io/'),
      )
      owners.set(pathOf(happening), isOurs ?? false)
      return undefined
    },
    hear: ({ who, method, path, status }) => {
      if (who !== 'controller' || method !== 'DELETE' || status >= 300) return undefined
      const match = /\/namespaces\/([^/]+)(\/[^/]+\/[^/?]+)/.exec(path)
      const isKnown = match && owners.get(`${match[2]} ${match[1]}`)
      return isKnown === false ? `${path} was deleted, and it is nobody's of ours` : undefined
    },
  }
}

/** What we send is never nonsense: the server refuses for load, conflicts and absence, not for form. */
function noErrorsOfOurs(): Watcher {
  return {
    name: 'what we send can be read',
    hear: ({ who, method, path, status, text }) => {
      if (who !== 'controller' || method === 'GET') return undefined
      const isNonsense = [400, 405, 415, 422, 500].includes(status)
      return isNonsense ? `${method} ${path} was answered ${status}: ${text.slice(0, 400)}` : undefined
    },
  }
}

/** A user's wish is refused for what is wrong in it; whatever else is broken, it can be changed and deleted. */
function refusedForItself(): Watcher {
  return {
    name: 'nobody is refused for somebody else’s mistake',
    hear: ({ who, method, path, status, text }) => {
      if (who !== 'user' || method === 'GET' || !path.includes('/serving.kserve.io/')) return undefined
      const isAnother = status === 403 || status >= 500 || (method === 'DELETE' && status === 422)
      return isAnother ? `${method} ${path} was answered ${status}: ${text.slice(0, 400)}` : undefined
    },
  }
}
