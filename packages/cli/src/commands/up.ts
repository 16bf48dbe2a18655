import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isPreview, resources as serving } from '@millrace/api'
import type { KubeObject } from '@millrace/kube'
import type { Command } from 'commander'
import { applyManifests } from '../apply-manifests.ts'
import { type Answer, askModel, curlCommand, isServed, protocolOf, type Question } from '../ask-model.ts'
import { checkManifests, tellNewWarnings } from '../check-manifests.ts'
import { CommandError } from '../command-error.ts'
import { counted } from '../counted.ts'
import { defaultDataDirectory } from '../data-directory.ts'
import { hasLocalServers, type ImagePrograms } from '../images.ts'
import { type Manifest, readManifests } from '../manifest-files.ts'
import { formatProblems, throwProblems } from '../manifest-problems.ts'
import { parseImage } from '../parse-image.ts'
import type { Platform } from '../platform/start-platform.ts'
import { createProgress, type Progress } from '../progress.ts'
import { shellWord } from '../shell-word.ts'
import { createTextLog, type LogLevel } from '../text-log.ts'
import type { Terminal } from '../terminal.ts'
import { waitFor } from '../wait.ts'
import { waitUntilReady } from '../wait-until-ready.ts'
import { apiPortDefault, parsePort, untilAborted } from './apiserver.ts'
import { commandFieldManager } from './apply.ts'
import { parseSeconds } from './delete.ts'
import { serviceUrl } from './predict.ts'

const gatewayPortDefault = 8081
const predictTimeoutMs = 30_000
const checkout = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..')

interface UpOptions {
  readonly dataDir: string
  readonly apiPort: number
  readonly gatewayPort: number
  readonly filename?: readonly string[]
  readonly kubeconfig?: string
  readonly image?: ImagePrograms
  readonly timeout: number
  readonly preview?: boolean
  readonly verbose?: boolean
}

export function defineUp(program: Command, terminal: Terminal): void {
  program
    .command('up')
    .description(
      'Start the platform on this machine, serve the examples (or -f), and ask one model. Runs until Ctrl-C.',
    )
    .option(
      '--data-dir <dir>',
      'where everything is kept ($MILLRACE_DATA_DIR)',
      defaultDataDirectory(terminal.environment),
    )
    .option('--api-port <port>', 'port of the API server on 127.0.0.1 (0: any free one)', parsePort, apiPortDefault)
    .option(
      '--gateway-port <port>',
      'port of the gateway on 127.0.0.1 (0: any free one)',
      parsePort,
      gatewayPortDefault,
    )
    .option('-f, --filename <file...>', 'what to apply in place of examples/')
    .option('--kubeconfig <file>', 'run on that API server in place of the embedded one')
    .option('--image <image=program>', 'what stands for an image on this machine; may be repeated', parseImage)
    .option('--timeout <seconds>', 'how long the InferenceServices may take to become ready', parseSeconds, 300)
    .option(
      '--preview',
      'serve versions in preview too (InferenceService v1); so does a file given to -f that is in one',
    )
    .option('-v, --verbose', 'log what every part does')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace up\n  millrace up -f my-model.yaml --gateway-port 9090\n  millrace up -f mine.yaml --image me/my-model="python3 model.py"\n\nThen, in another shell:\n  millrace get isvc\n  millrace predict NAME -d @input.json',
    )
    .action((options: UpOptions) => up(options, terminal))
}

async function up(options: UpOptions, terminal: Terminal): Promise<void> {
  if (!hasLocalServers())
    throw new CommandError(
      'millrace up: the model servers are not installed beside this program, as in the image of the controller; run it in a checkout of Millrace (npm run up)',
    )
  const files = options.filename ?? [join(checkout, 'examples')]
  const { manifests, problems } = readManifests(files)
  throwProblems(problems)
  const { errors, warnings } = checkManifests(manifests)
  if (warnings.length > 0) terminal.error(`${formatProblems(warnings)}\n`)
  throwProblems(errors)
  const level: LogLevel = options.verbose === true ? 'debug' : 'error'
  const progress = createProgress(terminal, () => performance.now())
  process.env.NODE_COMPILE_CACHE ??= join(checkout, 'node_modules', '.cache', 'millrace')
  let platform: Platform | undefined
  try {
    progress.step('Starting the platform')
    const { startPlatform } = await import('../platform/start-platform.ts')
    platform = await startPlatform({
      dataDir: options.dataDir,
      apiPort: options.apiPort,
      gatewayPort: options.gatewayPort,
      ...(options.kubeconfig === undefined ? {} : { kubeconfig: options.kubeconfig }),
      filesRoot: options.filename === undefined ? checkout : terminal.workingDirectory,
      imagePrograms: options.image ?? new Map(),
      workingDirectory: terminal.workingDirectory,
      preview: options.preview === true || manifests.some(({ object }) => isPreview(object)),
      log: createTextLog((line) => progress.note(line.trimEnd()), level),
      signal: terminal.signal,
      environment: terminal.environment,
    })
    progress.done(`Platform ready: API ${platform.apiUrl}, gateway ${platform.gatewayUrl}`)
    const onWarning = tellNewWarnings(warnings, (text) => progress.note(text))
    await serve({ platform, manifests, options, terminal, progress, onWarning })
    progress.close()
    await untilAborted(terminal.signal)
    terminal.error('\nStopping ...\n')
  } finally {
    progress.close()
    await platform?.close()
  }
  terminal.error(`Stopped. Everything is kept in ${options.dataDir}; the same command brings it back.\n`)
}

interface Serving {
  readonly platform: Platform
  readonly manifests: readonly Manifest[]
  readonly options: UpOptions
  readonly terminal: Terminal
  readonly progress: Progress
  readonly onWarning: (text: string) => void
}

async function serve({ platform, manifests, options, terminal, progress, onWarning }: Serving): Promise<void> {
  progress.step(`Applying ${counted(manifests.length, 'object')}`)
  const applied = await applyManifests(platform.client, manifests, {
    namespace: 'default',
    fieldManager: commandFieldManager,
    force: false,
    dryRun: false,
    signal: terminal.signal,
    onWarning,
  })
  progress.done(`Applied ${counted(applied.length, 'object')}`)
  const services = applied
    .filter((result) => result.resource.kind === 'InferenceService')
    .map((result) => result.object)
  progress.step(`Waiting for ${counted(services.length, 'InferenceService')}`)
  const { ready, notReady } = await waitUntilReady(platform.client, services, {
    timeoutMs: options.timeout * 1000,
    signal: terminal.signal,
    progress,
  })
  if (terminal.signal.aborted) return
  const answerMsMax = Math.min(options.timeout * 1000, predictTimeoutMs)
  const silent = await silentHosts(platform, ready, answerMsMax, terminal)
  if (terminal.signal.aborted) return
  const names = ready.map((service) => service.metadata.name).join(', ')
  if (notReady.length === 0) progress.done(`${counted(ready.length, 'InferenceService')} ready: ${names}`)
  else
    progress.fail(
      `${ready.length} of ${counted(services.length, 'InferenceService')} ready${names === '' ? '' : `: ${names}`}`,
    )
  for (const line of notReady) progress.note(`  not ready: ${line}`)
  for (const host of silent) progress.note(`  ready, and yet nobody answers for ${host}: see its logs`)
  const answering = ready.filter((service) => !silent.includes(serviceUrl(service)?.host ?? ''))
  const lines = await firstPrediction(platform, answering, manifests, terminal)
  terminal.out(
    [
      ...lines,
      '',
      `kubeconfig   ${platform.kubeconfig}`,
      `next         npx millrace get isvc · npx millrace explain ${(ready[0] ?? services[0])?.metadata.name ?? 'NAME'} · kubectl --kubeconfig ${shellWord(platform.kubeconfig)} get pods`,
      'stop         Ctrl-C',
      '',
    ].join('\n'),
  )
}

/**
 * A status that was true when the platform stopped is no proof that the processes are back. Answers the hosts for which
 * nobody has answered in time: that is a note, since a server of one's own may be ready and still have its troubles.
 */
async function silentHosts(
  platform: Platform,
  ready: readonly KubeObject[],
  timeoutMs: number,
  terminal: Terminal,
): Promise<readonly string[]> {
  const hosts = ready.flatMap((service) => serviceUrl(service)?.host ?? [])
  const answers = await Promise.allSettled(
    hosts.map((host) =>
      waitFor(async () => ((await isServed(platform.gatewayUrl, host, terminal.signal)) ? true : undefined), {
        what: `nobody answers for ${host}`,
        timeoutMs,
        signal: terminal.signal,
      }),
    ),
  )
  return hosts.filter((_, index) => answers[index]?.status === 'rejected')
}

/**
 * A restart finds services that were ready when the platform stopped: until their processes are back, the gateway says 503,
 * and that is no answer of the model's.
 */
async function askUntilServed(question: Question): Promise<Answer> {
  return waitFor(
    async () => {
      const answer = await askModel(question)
      return answer.status === 503 || answer.status === 502 ? undefined : answer
    },
    { what: `${question.model} is not served`, timeoutMs: question.timeoutMs, signal: question.signal },
  )
}

/** Asks the first service that has a request beside its manifest: `<name>-input.json`. */
async function firstPrediction(
  platform: Platform,
  ready: readonly KubeObject[],
  manifests: readonly Manifest[],
  terminal: Terminal,
): Promise<readonly string[]> {
  for (const service of ready) {
    const { name = '', namespace = '' } = service.metadata
    const manifest = manifests.find(({ object }) => object.metadata.name === name && object.kind === 'InferenceService')
    const input = manifest && join(dirname(manifest.positionOf([]).file), `${name}-input.json`)
    if (input === undefined || !existsSync(input)) continue
    const live = await platform.client.get(serving.inferenceServices, { namespace, name })
    const url = serviceUrl(live)
    if (!url) throw new CommandError(`InferenceService ${namespace}/${name} is ready and has no URL`)
    const body = readFileSync(input, 'utf8')
    const question = { url, gateway: platform.gatewayUrl, model: name, protocol: protocolOf(JSON.parse(body)) }
    const answer = await askUntilServed({ ...question, body, signal: terminal.signal, timeoutMs: predictTimeoutMs })
    if (answer.status >= 400) return ['', `prediction   ${name} answered HTTP ${answer.status}: ${answer.text.trim()}`]
    return ['', `prediction   ${name}: ${answer.text.trim()}`, `repeat it    ${curlCommand(question, input)}`]
  }
  return []
}
