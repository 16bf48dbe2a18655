export type { TokenIdentity } from './http/authenticate.ts'
export { ListenError, type ListenErrorCode } from './http/listen.ts'
export { type ApiServer, type ApiServerOptions, startApiServer } from './start-api-server.ts'
export { StoreError, type StoreErrorCode } from './store/store.ts'
