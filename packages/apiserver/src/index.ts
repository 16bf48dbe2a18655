export type { TokenIdentity } from './http/authenticate.ts'
export { ListenError, type ListenErrorCode } from './http/listen.ts'
export {
  type ApiServer,
  type ApiServerOptions,
  openRequestServer,
  type RequestServer,
  type RequestServerOptions,
  type ServerWorld,
  startApiServer,
} from './start-api-server.ts'
export type { CallWebhook, WebhookClientConfig } from './admission/call-webhook.ts'
export type { FileSystem, StoreFile } from './store/file-system.ts'
export { StoreError, type StoreErrorCode } from './store/store.ts'
