export type * from './capabilities.ts'
export type * from './decision.ts'
export type * from './gathered.ts'
export type * from './seam.ts'
