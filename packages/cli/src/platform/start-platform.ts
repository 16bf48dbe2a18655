import { startController } from '@millrace/controller'
import { type Client, createClient, loadConnection, type Log } from '@millrace/kube'
import { startGateway, startPodRunner, startWorkloadControllers } from '@millrace/standalone'
import { type DataDirectory, keepToken, prepareDataDirectory } from '../data-directory.ts'
import { publishGateway } from '../gateway-address.ts'
import { createImageResolver, type ImagePrograms } from '../images.ts'
import { bootstrap, controllerNamespace } from './bootstrap.ts'
import { startEmbeddedApiServer } from './embedded-api-server.ts'
import { releaseStartMemory } from './release-memory.ts'
import { hasControllerManager } from './running-elsewhere.ts'

export interface PlatformOptions {
  readonly dataDir: string
  readonly apiPort: number
  readonly gatewayPort: number
  /** Another API server in place of the embedded one. */
  readonly kubeconfig?: string
  /** Where relative `file://` URIs start. */
  readonly filesRoot: string
  /** What stands for images that are not in the table, and runs in `workingDirectory`. */
  readonly imagePrograms: ImagePrograms
  readonly workingDirectory: string
  /** Serve the versions in preview too (InferenceService v1). */
  readonly preview: boolean
  readonly log: Log
  readonly signal: AbortSignal
  readonly environment: Readonly<Record<string, string | undefined>>
}

export interface Platform {
  readonly client: Client
  readonly apiUrl: string
  readonly kubeconfig: string
  readonly gatewayUrl: string
  /** Stops everything that it started, last started first. Never throws; what went wrong is logged. */
  close(): Promise<void>
}

interface Part {
  readonly name: string
  readonly close: () => Promise<void>
}

/** The whole platform in this process: API server, node, workload controllers, gateway, controller. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const parts: Part[] = []
  const close = async (): Promise<void> => {
    for (const part of parts.splice(0).reverse()) {
      try {
        await part.close()
      } catch (error) {
        options.log.error('a part did not stop cleanly', { part: part.name, error })
      }
    }
  }
  try {
    return { ...(await start(options, parts)), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function start(options: PlatformOptions, parts: Part[]): Promise<Omit<Platform, 'close'>> {
  const { log, signal } = options
  const directory = prepareDataDirectory(options.dataDir)
  const api = await connect(options, directory, parts)
  const { client } = api
  const nowMs = Date.now()
  const [hasWorkloads] = await Promise.all([
    options.kubeconfig !== undefined && hasControllerManager(client, nowMs),
    bootstrap(client, { preview: options.preview, log, signal }),
  ])
  const gateway = await startGateway(client, {
    port: options.gatewayPort,
    isOnlyGateway: options.kubeconfig === undefined,
    log,
  })
  parts.push({ name: 'gateway', close: () => gateway.close() })
  const runner = await startPodRunner(client, {
    dataDir: directory.pods,
    kubeletToken: api.kubeletToken,
    resolveImage: createImageResolver({
      filesRoot: options.filesRoot,
      programs: options.imagePrograms,
      workingDirectory: options.workingDirectory,
    }),
    proxyUrl: gateway.url,
    publishReserved: options.kubeconfig !== undefined,
    log,
  })
  parts.push({ name: 'pod runner', close: () => runner.close() })
  if (!hasWorkloads) {
    const workloads = startWorkloadControllers(client, { log, podUsage: () => runner.usage() })
    parts.push({ name: 'workload controllers', close: () => workloads.close() })
  }
  const controller = await startController({
    client,
    log,
    controllerNamespace,
    webhook: { mode: 'url', host: '127.0.0.1', port: 0 },
  })
  parts.push({ name: 'controller', close: () => controller.close() })
  // What is applied next shall meet the webhook that checks it.
  await controller.ready
  await publishGateway(client, gateway.url)
  const stopRelease = releaseStartMemory()
  parts.push({ name: 'memory release', close: async () => stopRelease() })
  return { client, apiUrl: api.url, kubeconfig: api.kubeconfig, gatewayUrl: gateway.url }
}

interface ApiAccess {
  readonly client: Client
  readonly url: string
  readonly kubeconfig: string
  readonly kubeletToken: string
}

async function connect(options: PlatformOptions, directory: DataDirectory, parts: Part[]): Promise<ApiAccess> {
  if (options.kubeconfig !== undefined) {
    const connection = await loadConnection({ kubeconfig: options.kubeconfig, env: options.environment })
    const client = createClient(connection)
    parts.push({ name: 'client', close: () => client.close() })
    return {
      client,
      url: connection.server,
      kubeconfig: options.kubeconfig,
      kubeletToken: keepToken(directory, 'kubelet-token'),
    }
  }
  const embedded = await startEmbeddedApiServer({ dataDir: options.dataDir, port: options.apiPort, log: options.log })
  parts.push({ name: 'API server', close: () => embedded.close() })
  const client = createClient(embedded.connection)
  parts.push({ name: 'client', close: () => client.close() })
  return { client, url: embedded.server.url, kubeconfig: embedded.kubeconfig, kubeletToken: embedded.kubeletToken }
}
