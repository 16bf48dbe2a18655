import { spawnSync } from 'node:child_process'

let version: string | undefined | null = null

/** The Go toolchain's version line, undefined where there is none. Asked once. */
export function goVersion(): string | undefined {
  if (version === null) {
    const { status, stdout } = spawnSync('go', ['version'], { encoding: 'utf8', timeout: 30_000 })
    version = status === 0 ? stdout.trim() : undefined
  }
  return version
}

/**
 * Why tests on a real Kubernetes are left out here, false where they run. In CI they always run: a missing Go is then a
 * failure that the build reports.
 */
export function kubernetesSkipReason(): string | false {
  if (goVersion() !== undefined || process.env.CI === 'true') return false
  return 'needs Go (1.24 or newer, https://go.dev/dl) to build kube-apiserver, kube-controller-manager and etcd'
}
