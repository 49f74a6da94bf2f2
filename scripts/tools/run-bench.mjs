// @ts-check
import { parseArgs } from 'node:util'

/**
 * @typedef {object} Measure
 * @property {string} name
 * @property {number} value
 * @property {string} unit
 * @property {Record<string, string | number | boolean>} settings
 */

// Runs one benchmark, under tsx, and prints what it measured: tasks/bench.mjs starts this for each.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, 'llama-server': { type: 'string' } },
})
const [name = ''] = positionals
const path = values['llama-server']
/** @type {{ run(options: { llamaServer?: string }): Promise<Measure[]> }} */
const bench = await import(`../../bench/${name}.ts`)
const measures = await bench.run(path === undefined ? {} : { llamaServer: path })
if (values.json) {
  for (const measure of measures) process.stdout.write(`${JSON.stringify(measure)}\n`)
} else {
  printTable(name, measures)
}

/**
 * @param {string} title
 * @param {readonly Measure[]} rows
 */
function printTable(title, rows) {
  const cells = rows.map(({ name: label, value, unit, settings }) => [
    label,
    Number(value.toPrecision(4)).toLocaleString('en-US', { maximumFractionDigits: 4 }),
    unit,
    Object.entries(settings)
      .map(([key, setting]) => `${key}=${setting}`)
      .join(' '),
  ])
  const width = (/** @type {number} */ column) => Math.max(0, ...cells.map((row) => row[column]?.length ?? 0))
  const widths = [0, 1, 2].map(width)
  process.stdout.write(`\n${title}\n`)
  for (const [label = '', value = '', unit = '', settings = ''] of cells) {
    process.stdout.write(
      `  ${label.padEnd(widths[0] ?? 0)}  ${value.padStart(widths[1] ?? 0)} ${unit.padEnd(widths[2] ?? 0)}  ${settings}\n`,
    )
  }
}
