import { configMapName } from '@millrace/api'
import { type Client, resources, silentLog } from '@millrace/kube'
import { bootstrap, controllerNamespace } from '../../packages/cli/src/platform/bootstrap.ts'
import type { BenchPart, Figure } from '../bench-part.ts'
import { millraceController } from '../scale/controller-program.ts'
import type { Mode } from '../scale/many-services.ts'
import { measureScale, type ScaleResult } from '../scale/measure-scale.ts'

const mebibyte = 2 ** 20

/** KServe's controller with 1,000 services on two cores, for orientation: measured elsewhere, at another time. */
const published: Readonly<Record<Mode, { perSecond: number; cpuMs: number; peakMiB: number }>> = {
  Knative: { perSecond: 46, cpuMs: 8.9, peakMiB: 111 },
  Standard: { perSecond: 37, cpuMs: 13, peakMiB: 158 },
}

/** Many InferenceServices at once on a real kube-apiserver and etcd, with the controller in a process of its own. */
export const scale: readonly BenchPart[] = [
  scaleOf('scale-standard', 'Standard', 1_000),
  scaleOf('scale-knative', 'Knative', 1_000),
  scaleOf('scale-standard-10000', 'Standard', 10_000),
  scaleOf('scale-knative-10000', 'Knative', 10_000),
]

function scaleOf(name: string, mode: Mode, services: number): BenchPart {
  return {
    name,
    title: `Controller on kube-apiserver: ${services.toLocaleString('en-US')} InferenceServices at once, ${mode} mode`,
    timeoutMs: 120_000 + services * 180,
    isOnlyByName: true,
    run: async (session) => {
      const result = await measureScale(session, {
        mode,
        services,
        controller: millraceController,
        install: (client) => bootstrap(client, { log: silentLog, signal: session.signal }),
        changeAll: withoutTokens,
      })
      return figuresOf(result, mode, services)
    },
  }
}

/** A field of every pod follows it, in both modes. */
async function withoutTokens(client: Client): Promise<void> {
  const name = { namespace: controllerNamespace, name: configMapName }
  const security = JSON.stringify({ autoMountServiceAccountToken: false })
  await client.patch(resources.configMaps, name, 'merge', { data: { security } })
}

function figuresOf(result: ScaleResult, mode: Mode, services: number): readonly Figure[] {
  const { creation, restart, change } = result
  const { controller } = creation
  const kserve = published[mode]
  const than = (ours: number, theirs: number, unit: string) => ({
    value: ours / theirs,
    of: `KServe's ${theirs} ${unit} with 1,000`,
  })
  const each = (value: number): number => value / services
  const perSecond = services / creation.seconds
  const cpuMs = each(controller.cpuMs)
  const peak = controller.rssPeakBytes / mebibyte
  const calls = creation.requests.reduce((sum, [, count]) => sum + count, 0)
  return [
    { name: 'plain ConfigMap creates', value: result.plainCreatesPerSecond, unit: 'creates/s' },
    {
      name: 'services a second, until all children exist',
      value: perSecond,
      unit: 'services/s',
      ratio: than(perSecond, kserve.perSecond, 'services/s'),
    },
    { name: '… and a status', value: services / creation.statusSeconds, unit: 'services/s' },
    { name: 'CPU of the controller', value: controller.cpuMs / 1000, unit: 's' },
    { name: 'CPU of the controller, each', value: cpuMs, unit: 'ms', ratio: than(cpuMs, kserve.cpuMs, 'ms') },
    { name: 'CPU of kube-apiserver, each', value: each(creation.apiServerCpuMs), unit: 'ms' },
    { name: 'CPU of etcd, each', value: each(creation.etcdCpuMs), unit: 'ms' },
    { name: 'memory of the controller, peak', value: peak, unit: 'MiB', ratio: than(peak, kserve.peakMiB, 'MiB') },
    { name: 'memory before', value: creation.idleRssBytes / mebibyte, unit: 'MiB' },
    {
      name: 'growth to the peak, each',
      value: each(controller.rssPeakBytes - creation.idleRssBytes) / 1024,
      unit: 'KiB',
    },
    { name: 'API calls, each', value: each(calls), unit: 'calls' },
    ...creation.requests.map(([name, count]) => ({ name: `  ${name}`, value: each(count), unit: 'calls' })),
    { name: 'read from sockets, each', value: each(controller.bytesIn) / 1024, unit: 'KiB' },
    { name: 'written to sockets and log, each', value: each(controller.bytesOut) / 1024, unit: 'KiB' },
    { name: 'restart: ready after', value: restart.seconds, unit: 's' },
    { name: 'restart: writes', value: restart.writes, unit: 'calls' },
    { name: 'restart: CPU until quiet', value: restart.controller.cpuMs / 1000, unit: 's' },
    { name: 'restart: memory, peak', value: restart.controller.rssPeakBytes / mebibyte, unit: 'MiB' },
    ...(change
      ? [
          { name: 'a change of the configuration: all written after', value: change.seconds, unit: 's' },
          { name: 'a change: CPU of the controller, each', value: each(change.cpuMs), unit: 'ms' },
          { name: 'a change: memory, peak', value: change.rssPeakBytes / mebibyte, unit: 'MiB' },
        ]
      : []),
  ]
}
