import assert from 'node:assert/strict'
import { test } from 'node:test'
import { structure } from '../src/template/go-expression.ts'
import { expandTemplate } from '../src/template/go-template.ts'

const data = structure({ Name: 'iris', Namespace: 'ml', Labels: { team: 'a', 'x/y': 'z' }, Annotations: {} })

const good: readonly (readonly [template: string, text: string])[] = [
  ['no template', 'no template'],
  ['{{ .Name }}-{{.Namespace}}', 'iris-ml'],
  ['{{ .Labels.team }}', 'a'],
  ['[{{ .Labels.absent }}]', '[]'],
  ['{{ index .Labels "x/y" }}', 'z'],
  ['{{ printf "%s.%s" .Name .Namespace }}', 'iris.ml'],
  ['{{ .Name | printf "%q" }}', '"iris"'],
  ['{{ if eq .Name "iris" }}yes{{ else }}no{{ end }}', 'yes'],
  ['{{ if .Labels.absent }}a{{ else if .Name }}b{{ else }}c{{ end }}', 'b'],
  ['{{ with .Labels }}{{ .team }}{{ end }}', 'a'],
  ['a {{- .Name -}} b', 'airisb'],
  ['{{/* said nothing */}}x', 'x'],
]

test('expands what Go expands', () => {
  for (const [template, text] of good) assert.deepEqual(expandTemplate(template, data), { ok: true, text }, template)
})

test('says what is wrong with a template, and never throws', () => {
  for (const template of [
    '{{ .Nope }}',
    '{{ .Name',
    '{{ end }}',
    '{{ if .Name }}',
    '{{ shell "rm" }}',
    '{{ .Name.x }}',
    '{{ | }}',
  ]) {
    const expanded = expandTemplate(template, data)
    assert.ok(!expanded.ok && expanded.error !== '', template)
  }
})
