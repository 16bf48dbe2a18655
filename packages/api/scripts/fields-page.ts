import type { Decider, FieldPlace, FieldRow, Outcome, Scaler } from '../src/modes/field-row.ts'
import { annotationRows } from '../src/modes/annotation-rows.ts'
import { componentRows } from '../src/modes/component-rows.ts'
import { containerRows, podRows } from '../src/modes/pod-rows.ts'
import type { DeploymentMode } from '../src/kinds/inference-service.ts'

const intro = `# What each mode does with each field

Made from \`packages/api/src/modes\` by \`npm run update\`; a test renders every row and looks whether it is true. Admission and
\`millrace validate\` warn of what has no effect, and the condition \`FieldsIgnored\` keeps saying so. Fields that are not here
(the model, its storage, labels, annotations, probes, volumes …) mean the same in both modes.

- **honoured**: it shows where the arrow points. **translated**: its meaning does, under another name.
- **ignored**: nothing happens, and you are told. **refused**: the object is not admitted, or where it says so, nothing is made
  and the status says why.
- *Who decides*: the first that says something wins. *default* is what we or Kubernetes do where nobody says anything.
`

/** docs/fields-by-mode.md */
export function fieldsPage(): string {
  const sections: readonly (readonly [string, string, readonly FieldRow[]])[] = [
    ['Components', 'Fields of predictor, transformer and explainer, of the spec, and of a graph.', componentRows],
    [
      'Pods',
      'Every field of a pod that a component may set. What Knative puts behind a feature its administrator switches on in the ConfigMap `config-features`.',
      podRows,
    ],
    ['Containers', 'Fields of a model server or another container that not every mode has.', containerRows],
    ['Annotations and labels', 'On the service; annotations on a component as well, where they win.', annotationRows],
  ]
  const parts = sections.map(([title, text, rows]) => [`## ${title}`, '', text, '', table(rows)].join('\n'))
  return `${[intro, ...parts].join('\n')}`
}

function table(rows: readonly FieldRow[]): string {
  const head = ['| field | Standard | Knative | who decides |', '|---|---|---|---|']
  return [...head, ...rows.map(rowText), ''].join('\n')
}

function rowText(row: FieldRow): string {
  const cells = [nameOf(row), cell(row, 'Standard'), cell(row, 'Knative'), deciders(row)]
  return `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`
}

const inWords: Readonly<Partial<Record<FieldPlace, string>>> = {
  predictor: 'predictor',
  transformer: 'transformer',
  explainer: 'explainer',
  spec: 'spec',
  graph: 'InferenceGraph',
  label: 'label',
}

function nameOf({ place, field, values }: FieldRow): string {
  const where = inWords[place]
  const name = `\`${field}\`${where === undefined ? '' : ` (${where})`}`
  return values === undefined ? name : `${name}: ${values}`
}

const scalerNames: Readonly<Record<Scaler, string>> = {
  unsaid: 'HPA by default',
  hpa: 'class hpa',
  keda: 'KEDA',
  external: 'class external',
  none: 'class none',
  kpa: 'KPA',
  'knative-hpa': 'class hpa.autoscaling.knative.dev',
}

function cell(row: FieldRow, mode: DeploymentMode): string {
  return row.outcomes[mode].map(outcomeText).join('<br>')
}

function outcomeText(outcome: Outcome): string {
  const by = outcome.scaledBy ? `*${outcome.scaledBy.map((scaler) => scalerNames[scaler]).join(', ')}*: ` : ''
  switch (outcome.effect) {
    case 'honoured':
    case 'translated': {
      const { shows, note } = outcome
      const place = shows.absent ? `no ${shows.kind}` : `${shows.kind} \`${shows.path}\``
      return `${by}**${outcome.effect}** → ${place}${note === undefined ? '' : ` (${note})`}`
    }
    case 'ignored':
      return `${by}**ignored**: ${outcome.because}${outcome.instead === undefined ? '' : `; ${outcome.instead}`}`
    case 'refused':
      return `${by}**refused**${outcome.rule === undefined ? ' in the status' : ` (\`${outcome.rule}\`)`}: ${outcome.because}`
  }
}

const deciderNames: Readonly<Record<Decider, string>> = {
  annotation: 'annotation',
  component: 'component',
  service: 'service',
  runtime: 'runtime',
  cluster: 'cluster',
  default: 'default',
}

function deciders({ decidedBy: { Standard, Knative } }: FieldRow): string {
  const text = (all: readonly Decider[]) => all.map((one) => deciderNames[one]).join(' > ')
  const [standard, knative] = [text(Standard), text(Knative)]
  return standard === knative ? standard : `Standard: ${standard}; Knative: ${knative}`
}
