// `node scripts/run.mjs FILE.ts ARG…`: installs what is missing, then runs the file on Node 24. Must itself run on Node 20.
import { install, launch } from '../packages/cli/bin/launch.mjs'

const [file, ...args] = process.argv.slice(2)
const code = await install()
process.exitCode = code === 0 ? await launch(file, args) : code
