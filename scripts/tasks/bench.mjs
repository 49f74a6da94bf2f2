// @ts-check
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { orExplain, SetupError } from '../tools/fail.mjs'
import { ensureInstalled } from '../tools/install.mjs'
import { ROOT } from '../tools/paths.mjs'
import { runCommand } from '../tools/run-command.mjs'
import { ensureBuilt } from './build.mjs'

/** Files in bench/ that are no benchmarks. */
const HELPERS = new Set(['measure'])

/**
 * `npm run bench -- [NAME…] [--json] [--llama-server PATH]`: each benchmark in a process of its own, so
 * that none warms or slows another.
 * @param {readonly string[]} args
 */
export async function run(args) {
  await orExplain(async () => {
    const { names, rest } = readArguments(args)
    await ensureInstalled()
    await ensureBuilt()
    for (const name of names) {
      const { code } = await runCommand(
        process.execPath,
        ['--import', 'tsx', '-C', 'berth-source', join('scripts', 'tools', 'run-bench.mjs'), name, ...rest],
        { show: true },
      )
      if (code !== 0) process.exitCode = 1
    }
  })
}

/** @param {readonly string[]} args */
function readArguments(args) {
  const known = readdirSync(join(ROOT, 'bench'))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .filter((name) => !HELPERS.has(name))
  const { values, positionals } = parse(args)
  const wrong = positionals.find((name) => !known.includes(name))
  if (wrong !== undefined) {
    throw new SetupError(`There is no benchmark ${JSON.stringify(wrong)}: there are ${known.join(', ')}.`)
  }
  const path = values['llama-server']
  return {
    names: positionals.length > 0 ? positionals : known,
    rest: [...(values.json ? ['--json'] : []), ...(path === undefined ? [] : ['--llama-server', path])],
  }
}

/** @param {readonly string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean' }, 'llama-server': { type: 'string' } },
    })
  } catch (error) {
    throw new SetupError(
      `${error instanceof Error ? error.message : String(error)}. Usage: npm run bench -- [NAME…] [--json] [--llama-server PATH]`,
    )
  }
}
