import type { NamedReport } from '../commands/simulate.js'
import { bars, escaped, lines, type Curve } from './plots.js'
import { classes, simulationTable } from './simulation-table.js'

/** A page that shows reports side by side: nothing is loaded from anywhere. @param title what was simulated. */
export function simulationPage(title: string, reports: readonly NamedReport[]): string {
  const [first] = reports
  if (first === undefined) return ''
  const names = reports.map(({ name }) => name)
  const bound = first.report.bounds
  const percentiles = (of: 'firstToken' | 'end') =>
    (['p50', 'p90', 'p99'] as const).map((part) => ({
      label: part,
      values: [...reports.map(({ report }) => report.all[of][part]), bound[of][part]],
    }))
  const devices = first.report.devices
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} · simulated by Berth</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; color: #1c2430; background: #fff }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100% } td, th { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #d8dee6 }
td:first-child, th:first-child { text-align: left } svg { width: 100%; height: auto } svg text { font: 11px system-ui, sans-serif; fill: currentColor }
@media (prefers-color-scheme: dark) { body { color: #e6eaf0; background: #14181e } td, th { border-color: #39424e } }
</style>
<h1>${escaped(title)}</h1>
<p>On ${escaped(first.report.machine)}. The bound is every request alone on the empty machine, with its model loaded.</p>
${tableOf(simulationTable(reports))}
<h2>Time to the first token</h2>
${bars('Time to the first token in milliseconds, logarithmic', [...names, 'bound'], percentiles('firstToken'))}
<h2>Time to the last token</h2>
${bars('Time to the last token in milliseconds, logarithmic', [...names, 'bound'], percentiles('end'))}
<h2>Time to the first token by class, 90th percentile</h2>
${bars(
  'Time to the first token by class in milliseconds, logarithmic',
  names,
  classes(first.report).map((name) => ({
    label: name,
    values: reports.map(({ report }) => report.byClass[name]?.firstToken.p90 ?? 0),
  })),
)}
<h2>Requests that wait</h2>
${lines(
  'Requests that wait, over minutes',
  reports.map((each) => curveOf(each, 'waiting', 1)),
)}
${devices
  .map(
    ({
      device,
      name,
      capacity,
    }) => `<h2>${escaped(name)}: reserved memory, of ${(capacity / 1e9).toFixed(1)} GB</h2>
${lines(
  `Gigabytes reserved on ${name}, over minutes`,
  reports.map((each) => curveOf(each, `bytes ${device}`, 1e9)),
  capacity / 1e9,
)}`,
  )
  .join('\n')}
</html>
`
}

function curveOf({ name, report }: NamedReport, series: string, unit: number): Curve {
  const { stepMs, values } = report.series
  return {
    name,
    points: (values[series] ?? []).map((value, i) => [((i + 0.5) * stepMs) / 60_000, value / unit] as const),
  }
}

function tableOf(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows
  const below = body.map((row) => `<tr>${cellsOf(row, 'td')}</tr>`).join('\n')
  return `<table><tr>${cellsOf(head, 'th')}</tr>\n${below}</table>`
}

function cellsOf(row: readonly string[], tag: 'th' | 'td'): string {
  return row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')
}
