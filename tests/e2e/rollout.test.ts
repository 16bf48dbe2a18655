import { after, before } from 'node:test'
import { type PlatformProcess, removeDirectory, startUp } from './platform-process.ts'
import { testRollout } from './rollout-journeys.ts'

let platform: PlatformProcess

before(async () => {
  platform = await startUp({ files: ['examples/sklearn-iris.yaml'] })
})

after(async () => {
  await platform.stop()
  removeDirectory(platform.dataDir)
})

testRollout(() => platform)
