import { type Client, isKubeError, type KubeObject, type Log } from '@millrace/kube'
import { type SilentEnd, silentEnds, withLastWords } from '@millrace/render'

/** Reads what crashed containers said last, where their status does not tell: once for each attempt. */
export interface LastWords {
  /** The pods, with the end of the log where a container ended without a message. */
  added(pods: readonly KubeObject[], signal: AbortSignal): Promise<readonly KubeObject[]>
}

const keptMax = 500
const linesMax = 20
const bytesMax = 8_192
/** A status without last words is better than one that comes late. */
const readMsMax = 2_000

export function createLastWords(client: Client, log: Log): LastWords {
  const kept = new Map<string, string>()
  let isForbidden = false
  const read = async (end: SilentEnd, signal: AbortSignal): Promise<string> => {
    const { namespace, pod, container, isPrevious } = end
    const query = new URLSearchParams({
      container,
      tailLines: String(linesMax),
      limitBytes: String(bytesMax),
      ...(isPrevious && { previous: 'true' }),
    })
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log?${query}`
    const limited = AbortSignal.any([signal, AbortSignal.timeout(readMsMax)])
    const { body } = await client.request('GET', path, { signal: limited, headers: { accept: '*/*' } })
    return typeof body === 'string' ? body.trim() : ''
  }
  const wordsOf = async (end: SilentEnd, signal: AbortSignal): Promise<string> => {
    const known = kept.get(end.key)
    if (known !== undefined) return known
    let text = ''
    try {
      text = await read(end, signal)
      isForbidden = false
    } catch (error) {
      if (!isKubeError(error)) throw error
      if (signal.aborted) throw error
      // The service's status can do without it. Who may not read logs is told once.
      if (error.code === 'Forbidden' && !isForbidden) log.warn('Logs of pods may not be read', { error: error.message })
      isForbidden = error.code === 'Forbidden'
      if (error.retryable) return ''
    }
    kept.set(end.key, text)
    const oldest = kept.size > keptMax ? kept.keys().next().value : undefined
    if (oldest !== undefined) kept.delete(oldest)
    return text
  }
  return {
    added: async (pods, signal) => {
      const ends = silentEnds(pods)
      if (ends.length === 0) return pods
      const words = await Promise.all(ends.map(async (end) => ({ end, text: await wordsOf(end, signal) })))
      return withLastWords(
        pods,
        words.filter(({ text }) => text !== ''),
      )
    },
  }
}
