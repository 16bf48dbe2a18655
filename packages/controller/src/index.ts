export { type Controller, type ControllerOptions, startController } from './start-controller.ts'
export type { WebhookOptions } from './webhook.ts'
export type { Address } from './plain-http-server.ts'
