import { createRequire } from 'node:module'
import type { Pool } from 'undici'

/** The pool alone: undici's index brings fetch, WebSocket and caches, which are half of its start and memory. */
export const UndiciPool = createRequire(import.meta.url)('undici/lib/dispatcher/pool.js') as typeof Pool
