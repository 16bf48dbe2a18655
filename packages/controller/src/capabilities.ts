import type { Log } from '@millrace/kube'
import { type Capabilities, capabilitiesOf, optionalPieces } from '@millrace/render'
import type { ClusterWatch } from './cluster-watch.ts'
import { kindId } from './watched-kinds.ts'

/** What is there now: served, and its first state is in, so that what we would make can be compared with what is. */
export function liveCapabilities(watch: ClusterWatch, imageVolume: boolean): Capabilities {
  return capabilitiesOf(({ group, kind }) => watch.synced(kindId(group, kind)) !== undefined, imageVolume)
}

/** Tells what is there and what is not, in the log when it changes and in a metric always. */
export function createCapabilityReport(
  log: Log,
  metric: (name: string, isThere: boolean) => void,
): (watch: Pick<ClusterWatch, 'serves'>, capabilities: Capabilities) => void {
  const told = new Map<string, boolean>()
  return (watch, capabilities) => {
    for (const { name, title, group, plural, use } of optionalPieces) {
      const isThere = use ? capabilities[use.capability] : watch.serves(`${plural}.${group}`)
      metric(name, isThere)
      if (isThere !== (told.get(name) ?? false))
        log.info(isThere ? 'The cluster has it now' : 'The cluster has it no longer', { capability: title })
      told.set(name, isThere)
    }
    metric('imageVolume', capabilities.imageVolume)
  }
}
