#!/usr/bin/env node
import { install, launch } from './launch.mjs'

const code = await install()
process.exitCode = code === 0 ? await launch('packages/cli/src/main.ts', process.argv.slice(2)) : code
