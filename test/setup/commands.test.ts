import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

function run(args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, out, err }))
  })
}

const COMMANDS = ['start', 'test', 'build', 'package', 'check', 'bench', 'screenshots']

describe('a command', () => {
  it.each(COMMANDS)('npm run %s is told by an old Node in one sentence', async (command) => {
    const pretend = `Object.defineProperty(process.versions, 'node', { value: '18.20.4' }); import('./scripts/${command}.mjs')`
    const { code, out, err } = await run(['-e', pretend])
    expect(err).toMatch(/^Node 18\.20\.4 is too old: Berth needs 20\.19 or newer\. .*\n$/)
    expect(out).toBe('')
    expect(code).toBe(1)
  })

  it.each(COMMANDS)('npm run %s begins with a script that an old Node can read', async (command) => {
    for (const file of [`scripts/${command}.mjs`, 'scripts/node-version.mjs']) {
      const code = (await readFile(`${ROOT}${file}`, 'utf8')).replaceAll(/^\/\/.*$|\/\*\*[^]*?\*\//gm, '')
      expect(code).not.toMatch(/\?\.|\?\?|`|=>|\bawait\b|\bconst\b|\blet\b|node:/)
    }
  })

  it('npm run bench names the benchmarks there are where one is asked for that is not', async () => {
    const { code, out, err } = await run(['scripts/bench.mjs', 'no-such-bench'])
    expect(err).toMatch(/^There is no benchmark "no-such-bench": there are .*\.\n$/)
    expect({ code, out }).toEqual({ code: 1, out: '' })
  })

  it('npm run bench says how it is used where a flag is wrong', async () => {
    const { code, err } = await run(['scripts/bench.mjs', '--jsno'])
    expect(err).toMatch(/--jsno.*Usage: npm run bench/)
    expect(code).toBe(1)
  })
})
