import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { SETTINGS } from '../../apps/server/src/config/read-config.js'

const README = fileURLToPath(new URL('../../README.md', import.meta.url))

it('the README lists every setting as the schema has it', async () => {
  const [, listed] =
    /<!-- settings: [^>]* -->\n+([^]*?)\n*<!-- end of settings -->/.exec(await readFile(README, 'utf8')) ?? []
  const rows = SETTINGS.map(({ key, env, flag, value, help }) => {
    const shown = `--${flag}${value === undefined ? '' : ` <${value}>`}`.replaceAll('|', '\\|')
    return `| \`${shown}\` | ${env.map((name) => `\`${name}\``).join(', ')} | ${help} | \`${key}\` |`
  })
  expect(squeezed(listed)).toBe(
    [
      '| Flag | Variables | What it says (and what holds without it) | In a file |',
      '| --- | --- | --- | --- |',
      ...rows,
    ].join('\n'),
  )
})

/** The formatter lines tables up by spaces and dashes, which mean nothing. */
function squeezed(table = ''): string {
  return table.replaceAll(/ {2,}/g, ' ').replaceAll(/-{3,}/g, '---')
}
