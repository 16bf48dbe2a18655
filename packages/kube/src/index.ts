export type * from './client.ts'
export type * from './wire.ts'
