import { type CrdVariant, group } from '@millrace/api'
import { convertedKinds, crdsOf, crdVariants, installGroups } from './crd-objects.ts'
import { helperTemplates, crdTemplate, crdNotes, notes } from './helm-texts.ts'
import { objectFiles } from './object-files.ts'
import { templateText } from './template-text.ts'
import { schemaOf, type ValueTable, valuesText } from './value-table.ts'
import { controllerValueTable, crdValueTable, defaultValues, type Values, valueTable, version } from './values.ts'
import { generatedNote, oneText, type TextFile, yamlText } from './yaml-text.ts'

const crdChart = 'deploy/helm/millrace-crds'
const controllerChart = 'deploy/helm/millrace'

/** Two charts: Helm must not take the CRDs away together with the controller. */
export function helmFiles(): readonly TextFile[] {
  return [
    ...chartFiles(crdChart, 'The kinds of Millrace (KServe’s API): CRDs that Helm keeps.', crdValueTable),
    { path: `${crdChart}/templates/crds.yaml`, text: crdTemplate },
    { path: `${crdChart}/templates/NOTES.txt`, text: crdNotes },
    ...crdVariants.flatMap((variant) =>
      installGroups.flatMap((installGroup) =>
        crdsOf(installGroup, variant, defaultValues).map(({ file, crd }) => ({
          path: `${crdChart}/files/${variant}/${installGroup}/${file}`,
          text: yamlText([crd]),
        })),
      ),
    ),
    ...crdVariants.flatMap((variant) => previewFiles(variant)),
    ...chartFiles(
      controllerChart,
      'The controller of Millrace: model serving with KServe’s API.',
      controllerValueTable,
    ),
    { path: `${controllerChart}/templates/_helpers.tpl`, text: helperTemplates },
    { path: `${controllerChart}/templates/NOTES.txt`, text: notes },
    ...objectFiles.map(({ name, objects, option }) => {
      const text = templateText(objects)
      const guarded = option ? `{{- if ${option.test} }}\n${text}{{- end }}\n` : text
      return { path: `${controllerChart}/templates/${name}.yaml`, text: `${generatedNote}${guarded}` }
    }),
  ]
}

const withPreview: Values = { ...defaultValues, crds: { ...defaultValues.crds, preview: true } }

/** In place of the file of the same name where previews are wanted. */
function previewFiles(variant: CrdVariant): readonly TextFile[] {
  const files = new Set(convertedKinds.map(({ plural }) => `${group}_${plural}.yaml`))
  return installGroups.flatMap((installGroup) =>
    crdsOf(installGroup, variant, withPreview)
      .filter(({ file }) => files.has(file))
      .map(({ file, crd }) => ({
        path: `${crdChart}/files/${variant}-preview/${installGroup}/${file}`,
        text: yamlText([crd]),
      })),
  )
}

function chartFiles(path: string, description: string, table: ValueTable): readonly TextFile[] {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const chart = {
    apiVersion: 'v2',
    name,
    description,
    type: 'application',
    version,
    appVersion: version,
  }
  const schema = { $schema: 'https://json-schema.org/draft-07/schema#', ...schemaOf(valueTable) }
  return [
    { path: `${path}/Chart.yaml`, text: yamlText([chart]) },
    { path: `${path}/values.yaml`, text: `${generatedNote}\n${valuesText(table, oneText)}\n` },
    { path: `${path}/values.schema.json`, text: `${JSON.stringify(schema, undefined, 2)}\n` },
  ]
}
