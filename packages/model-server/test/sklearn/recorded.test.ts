import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { assertRecorded, type Case, loadModel, requestOf, testdata } from './recorded.ts'

/** Models that scikit-learn 0.22 … 1.9 trained, saved and asked. */
const versions = readdirSync(testdata).filter((folder) => existsSync(join(testdata, folder, 'cases.json')))

test('models of many versions are recorded', () => {
  assert.deepEqual(versions.toSorted(), ['0.22', '0.24', '1.0', '1.2', '1.3', '1.5', '1.6', '1.9'])
})

/** Gradient boosting trains the user's own initial model on float32. */
const hasSingleParts = ({ name }: Case): boolean => /^gradient-boosting-(regressor-)?init$/.test(name)

for (const version of versions) {
  const cases: readonly Case[] = JSON.parse(readFileSync(join(testdata, version, 'cases.json'), 'utf8'))
  for (const recorded of cases) {
    const file = join(testdata, version, recorded.file)
    test(`${version} ${recorded.name}: predicts what scikit-learn predicts`, async () => {
      const model = await loadModel(file)
      const [tensor] = await model.predict(requestOf(recorded))
      assertRecorded(tensor, recorded.predict, hasSingleParts(recorded))
      const [spec] = model.outputs
      assert.equal(spec?.datatype, tensor?.datatype)
      assert.equal(spec?.shape.length, tensor?.shape.length)
    })
    test(`${version} ${recorded.name}: has the probabilities that scikit-learn has`, async () => {
      const model = await loadModel(file, true)
      if (recorded.proba === null) return
      const [tensor] = await model.predict(requestOf(recorded))
      assertRecorded(tensor, recorded.proba ?? recorded.predict, hasSingleParts(recorded))
    })
  }
}
