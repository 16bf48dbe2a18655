/** `storageInitializer` of the configuration. */
export interface StorageInitializerSettings {
  readonly image?: string
  readonly cpuRequest: string
  readonly cpuLimit: string
  readonly memoryRequest: string
  readonly memoryLimit: string
  readonly caBundleConfigMapName?: string
  readonly caBundleVolumeMountPath?: string
  readonly cpuModelcar?: string
  readonly memoryModelcar?: string
  readonly uidModelcar?: number
  readonly enableModelcar?: boolean
  readonly enableOciModelSupport?: boolean
  readonly ociModelMode?: string
  readonly ociInsecureRegistry?: boolean
}

/** What `oci://` without a mode of its own means here; undefined: OCI models are switched off. */
export function ociModeOf(settings: StorageInitializerSettings): string | undefined {
  if (settings.ociModelMode) return settings.ociModelMode
  return settings.enableModelcar || settings.enableOciModelSupport ? 'modelcar' : undefined
}
