export { type Controller, type ControllerOptions, leaseName, startController } from './start-controller.ts'
export { convertPath } from './convert.ts'
export {
  completedPods,
  completePodsPath,
  configurationName,
  validatedRules,
  validatePath,
  type WebhookOptions,
} from './webhook.ts'
export { lastGoodName } from './last-good-settings.ts'
export { certificateSecretName } from './webhook-certificates.ts'
export { primaryResources, type WatchedKind, watchedKinds } from './watched-kinds.ts'
export type { Address } from './plain-http-server.ts'
export type { Renderer } from './reconcile.ts'
