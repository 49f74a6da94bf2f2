import { executeGoTemplate, parseGoTemplate } from '@berth/protocol'
import { describe, expect, it } from 'vitest'

const today = { now: Date.UTC(2026, 2, 1, 12) }
const run = (source: string, data: unknown = {}) => executeGoTemplate(parseGoTemplate(source), data, today)

describe('a Go template', () => {
  it.each<[string, string, unknown, string]>([
    ['text', 'Hello', {}, 'Hello'],
    ['a field', '{{ .A.B }}', { A: { B: 1 } }, '1'],
    ['a field that is not there', '[{{ .A.B }}]', {}, '[]'],
    ['trimmed white space', 'a \n{{- .A -}}\n b', { A: 'x' }, 'axb'],
    ['white space that is kept', 'a {{ .A }} b', { A: 'x' }, 'a x b'],
    ['a comment', 'a{{/* no }} */}}b{{- /* nor this */ -}} c', {}, 'abc'],
    ['a brace in a string', '{{ "}}" }}', {}, '}}'],
    ['quotes of each kind', '{{ "a\\n\\"" }}{{ `b\\n` }}{{ print \'c\' }}', {}, 'a\n"b\\n99'],
    ['if, else if and else', '{{ if .A }}a{{ else if .B }}b{{ else }}c{{ end }}', { B: true }, 'b'],
    ['nested ifs', '{{ if .A }}{{ if .B }}ab{{ else }}a{{ end }}{{ else }}c{{ end }}', { A: 1 }, 'a'],
    ['with', '{{ with .A }}{{ .B }}{{ else }}none{{ end }}', { A: { B: 'x' } }, 'x'],
    ['with nothing', '{{ with .A }}{{ .B }}{{ else }}none{{ end }}', {}, 'none'],
    ['range', '{{ range .A }}<{{ . }}>{{ else }}none{{ end }}', { A: [1, 2] }, '<1><2>'],
    ['range over nothing', '{{ range .A }}<{{ . }}>{{ else }}none{{ end }}', { A: [] }, 'none'],
    [
      'range with index and value',
      '{{ range $i, $v := .A }}{{ $i }}{{ $v }}{{ end }}',
      { A: ['x', 'y'] },
      '0x1y',
    ],
    [
      'range over a map, by its keys',
      '{{ range $k, $v := .A }}{{ $k }}{{ $v }} {{ end }}',
      { A: { b: 2, a: 1 } },
      'a1 b2 ',
    ],
    [
      'break and continue',
      '{{ range .A }}{{ if eq . 2 }}{{ continue }}{{ end }}{{ if eq . 4 }}{{ break }}{{ end }}{{ . }}{{ end }}',
      { A: [1, 2, 3, 4, 5] },
      '13',
    ],
    ['the data from within', '{{ range .A }}{{ $.B }}{{ . }}{{ end }}', { A: [1, 2], B: 'b' }, 'b1b2'],
    ['variables', '{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $y := 3 }}{{ $y }}{{ end }}{{ $x }}', {}, '32'],
    ['a variable’s field', '{{ range $m := .A }}{{ $m.B }}{{ end }}', { A: [{ B: 1 }, { B: 2 }] }, '12'],
    ['a pipeline', '{{ .A | len | printf "%03d" }}', { A: 'abc' }, '003'],
    ['parentheses', '{{ if (and .A (or .B .C)) }}yes{{ end }}', { A: 1, C: 1 }, 'yes'],
    ['the field of parentheses', '{{ (index .A 1).B }}', { A: [{}, { B: 'x' }] }, 'x'],
    ['and, which stops', '{{ if and .A (index .A 0) }}yes{{ else }}no{{ end }}', { A: [] }, 'no'],
    ['eq of several', '{{ eq .A "x" "y" }}', { A: 'y' }, 'true'],
    ['comparisons', '{{ lt 1 2 }}{{ ge "a" "b" }}{{ ne 1 1 }}{{ not 0 }}', {}, 'truefalsefalsetrue'],
    [
      'len, index, slice',
      '{{ len .A }}{{ index .A 1 }}{{ slice "abcd" 1 3 }}{{ len (slice .A 1) }}',
      { A: [7, 8, 9] },
      '38bc2',
    ],
    ['json', '{{ json .A }}', { A: { b: ['<'] } }, '{"b":["\\u003c"]}'],
    ['dates', '{{ currentDate }} {{ yesterdayDate }}', {}, '2026-03-01 2026-02-28'],
    [
      'define and template',
      '{{ define "x" }}<{{ .A }}>{{ end }}{{ template "x" . }}{{ template "x" .B }}',
      { A: 1, B: { A: 2 } },
      '<1><2>',
    ],
    ['block', '{{ block "x" .A }}[{{ . }}]{{ end }}', { A: 1 }, '[1]'],
    ['a map in words', '{{ .A }}', { A: { b: 1 } }, 'map[b:1]'],
    ['numbers', '{{ if eq -1 .A }}{{ 1.5 }}{{ end }}', { A: -1 }, '1.5'],
  ])('has %s', (_, source, data, expected) => {
    expect(run(source, data)).toBe(expected)
  })

  it.each([
    ['{{ if .A }}', '{{end}} is missing'],
    ['{{ end }}', 'without a beginning'],
    ['{{ .A', 'is not closed'],
    ['{{ "a }}', 'a string is not closed'],
    ['{{ (.A }}', 'a parenthesis is not closed'],
    ['{{ nonsense .A }}', 'no function "nonsense"'],
    ['{{ $x }}', 'no variable $x'],
    ['{{ template "x" }}', 'no template "x"'],
    ['{{ index .A 3 }}', 'index 3 of a list of 1'],
    ['{{ .A | }}', 'a command is empty'],
    ['{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}', 'calls itself without end'],
  ])('that is wrong says so: %s', (source, message) => {
    expect(() => run(source, { A: [1] })).toThrow(message)
  })
})
