import { type ApiAnswer, type Step, textAt, type WatchEvent } from './api-answer.ts'
import type { ApiCaller, CallOptions } from './api-caller.ts'
import type { Kubectl, KubectlRun } from './kubectl.ts'

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply'

const patchTypes: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

export interface RecordedWatch {
  /** Waits for so many events and records them. */
  take(count: number): Promise<readonly WatchEvent[]>
  close(): void
}

/**
 * One scenario on one server. Paths: `v1/configmaps/a` and `apps/v1/deployments/a` are of the scenario's namespace,
 * `/api/v1/nodes` is as it stands. Everything but `quietly`, `until` and `kubectl.quietly` is recorded.
 */
export interface Session {
  readonly namespace: string
  get(path: string, options?: CallOptions): Promise<ApiAnswer>
  post(path: string, body: unknown, options?: CallOptions): Promise<ApiAnswer>
  put(path: string, body: unknown, options?: CallOptions): Promise<ApiAnswer>
  patch(path: string, type: PatchType, body: unknown, options?: CallOptions): Promise<ApiAnswer>
  delete(path: string, body?: unknown, options?: CallOptions): Promise<ApiAnswer>
  call(method: string, path: string, options?: CallOptions): Promise<ApiAnswer>
  /** Not recorded: preparation. */
  quietly(method: string, path: string, options?: CallOptions): Promise<ApiAnswer>
  watch(path: string, options?: CallOptions): Promise<RecordedWatch>
  /** Polls, unrecorded, until the answer is as wanted; an unmet wish is recorded. */
  until(path: string, isReached: (answer: ApiAnswer) => boolean): Promise<ApiAnswer>
  /** Records a value that was computed from answers. */
  note(label: string, value: unknown): void
  kubectl(args: readonly string[], options?: KubectlRun): Promise<void>
  /** Creates a CustomResourceDefinition, recorded, and waits until it is served. */
  define(definition: unknown): Promise<ApiAnswer>
  readonly steps: readonly Step[]
  /** Prefixes that the server was asked to complete to names. */
  readonly generateNames: readonly string[]
}

const untilMs = 15_000
const pollMs = 50

export function createSession(options: {
  readonly caller: ApiCaller
  readonly kubectl: Kubectl
  readonly namespace: string
}): Session {
  const { caller, namespace } = options
  const steps: Step[] = []
  const generateNames: string[] = []
  const absolute = (path: string): string => absolutePath(path, namespace)
  const call = async (method: string, path: string, callOptions: CallOptions = {}): Promise<ApiAnswer> => {
    const prefix = textAt(callOptions.body, 'metadata', 'generateName')
    if (prefix !== '') generateNames.push(prefix)
    const answer = await caller.call(method, absolute(path), callOptions)
    const media = callOptions.contentType ? ` (${callOptions.contentType})` : ''
    // Revisions and tokens in a query are the server's own.
    const asked = path.replace(/(resourceVersion=)\d{2,}|(continue=)[^&]+/g, '$1$2…')
    steps.push({ step: `${method} ${asked}${media}`, answer })
    return answer
  }
  const until: Session['until'] = async (path, isReached) => {
    const deadline = performance.now() + untilMs
    for (;;) {
      const answer = await caller.call('GET', absolute(path))
      if (isReached(answer)) return answer
      if (performance.now() > deadline) {
        steps.push({ step: `waited in vain for ${path}`, answer })
        return answer
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
  }
  const post: Session['post'] = (path, body, more) => call('POST', path, { ...more, body })
  return {
    namespace,
    steps,
    generateNames,
    call,
    until,
    post,
    get: (path, more) => call('GET', path, more),
    put: (path, body, more) => call('PUT', path, { ...more, body }),
    patch: (path, type, body, more) => call('PATCH', path, { contentType: patchTypes[type], ...more, body }),
    delete: (path, body, more) => call('DELETE', path, { ...more, ...(body !== undefined && { body }) }),
    quietly: (method, path, more) => caller.call(method, absolute(path), more),
    note: (label, value) => void steps.push({ step: label, answer: value }),
    watch: (path, more) => recordWatch(caller, absolute(path), path, steps, more),
    kubectl: async (args, run = {}) => {
      const answer = await options.kubectl(['-n', namespace, ...args], run)
      steps.push({ step: `kubectl ${args.join(' ')}`, answer })
    },
    define: async (definition) => {
      const answer = await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition)
      const name = textAt(definition, 'metadata', 'name')
      await until(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`, isEstablished)
      const [plural = '', ...group] = name.split('.')
      const version = textAt(definition, 'spec', 'versions', 0, 'name')
      await until(`/apis/${group.join('.')}/${version}/${plural}`, ({ status }) => status === 200)
      return answer
    },
  }
}

function isEstablished({ body }: ApiAnswer): boolean {
  return /"type":"Established","?[^}]*"status":"True"|"status":"True"[^}]*"type":"Established"/.test(
    JSON.stringify(body),
  )
}

function absolutePath(path: string, namespace: string): string {
  if (path.startsWith('/')) return path
  const [first = '', second = '', ...rest] = path.split('/')
  if (/^v\d/.test(first)) return `/api/${first}/namespaces/${namespace}/${[second, ...rest].join('/')}`
  return `/apis/${first}/${second}/namespaces/${namespace}/${rest.join('/')}`
}

async function recordWatch(
  caller: ApiCaller,
  path: string,
  label: string,
  steps: Step[],
  options: CallOptions | undefined,
): Promise<RecordedWatch> {
  const watch = await caller.watch(path, options)
  const step = `WATCH ${label.replace(/(resourceVersion=)\d{2,}/g, '$1…')}`
  if (watch.refused) steps.push({ step, answer: watch.refused })
  return {
    take: async (count) => {
      const events = await watch.take(count)
      steps.push({ step: `${step} takes ${count}`, answer: events })
      return events
    },
    close: watch.close,
  }
}
