import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { traceText, type TraceLine } from '@berth/scheduler/simulation'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { berth } from './command.js'

let folder: string
let file: string

const LINES: readonly TraceLine[] = [
  { type: 'trace', version: 1 },
  { type: 'model', model: 'a', bytes: 5e9, rates: { loadMs: 1_000, promptTokenMs: 1, stepMs: 10 } },
  { type: 'request', at: 0, model: 'a', class: 'interactive', promptTokens: 100, outputTokens: 11 },
  { type: 'request', at: 5_000, model: 'a', class: 'batch', promptTokens: 100, outputTokens: 11 },
]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-test-'))
  file = join(folder, 'trace.jsonl')
  await writeFile(file, LINES.map((line) => `${traceText(line)}\n`).join(''))
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

describe('berth simulate', () => {
  it('shows policies side by side, what none of them can beat, and writes a page of it', async () => {
    const html = join(folder, 'report.html')
    const args = [
      '--vram',
      '24GB',
      '--policy',
      'fair',
      '--compare',
      'fifo,shortest+cost',
      '--oracle',
      '--html',
      html,
    ]
    const { code, out, err } = await berth(['simulate', file, ...args])
    expect({ code, err }).toEqual({ code: 0, err: `wrote ${html}\n` })
    expect(out).toContain('on 24 GB of VRAM + 48 GB of RAM\n')
    expect(out).toMatch(/^ +fair\+lru +fifo\+lru +shortest\+cost +fair\+oracle +bound$/m)
    // Loaded at 1 s; a prompt of 100 ms, and ten steps of 10.
    expect(out).toMatch(/^first token p99 +(1\.10 s +){4}100 ms$/m)
    expect(out).toMatch(/^makespan +(5\.20 s *){5}$/m)
    expect(out).toMatch(/^loads +(1 +){4}1$/m)
    const page = await readFile(html, 'utf8')
    expect(page).toContain('<title>')
    expect(page.match(/<svg/g)?.length).toBeGreaterThanOrEqual(6)
    expect(page).not.toMatch(/<script|https?:|@import|NaN|undefined/)
  })

  it('answers programs with the whole reports, the same for a seed', async () => {
    const made = [
      '--generate',
      'bursts',
      '--requests',
      '60',
      '--models',
      '5GB,2GB',
      '--lengths',
      'code',
      '--json',
    ]
    const once = async (seed: string) =>
      await berth(['simulate', ...made, '--preset', 'rtx-4090', '--seed', seed])
    const [{ code, out }, again, other] = [await once('1'), await once('1'), await once('2')]
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      reports: [
        { name: 'fair+lru', report: { version: 1, policy: 'fair', all: { requests: 60, finished: 60 } } },
      ],
    })
    expect(again.out).toBe(out)
    expect(other.out).not.toBe(out)
  })

  it.each([
    [[], 2, 'expected a trace, as berth record writes it, or --generate poisson, bursts or day'],
    [['no-such.jsonl'], 1, 'no-such.jsonl: there is no such file'],
    [['--generate', 'rain'], 2, 'expected one of poisson, bursts, day, got "rain"'],
    [
      ['--generate', 'day', '--preset', 'vax'],
      2,
      '--preset: There is no machine "vax": expected one of laptop-8gb',
    ],
    [['--generate', 'day', '--compare', 'fifo,lifo'], 2, 'expected one of fifo, fair, shortest, got "lifo"'],
    [
      ['--generate', 'day', '--preset', 'a100', '--vram', '8GB'],
      2,
      'expected either --preset, or --vram and --ram',
    ],
    [['--generate', 'day', '--rate', '0'], 2, 'expected a number above 0, got "0"'],
  ])('says what is wrong with %j', async (args, code, message) => {
    const outcome = await berth(['simulate', ...args])
    expect(outcome.code).toBe(code)
    expect(outcome.err).toContain(message)
  })

  it('names the line and field of a trace that is wrong', async () => {
    const broken = join(folder, 'broken.jsonl')
    await writeFile(broken, `${traceText({ type: 'trace', version: 1 })}\n{"type":"model","model":"a"}\n`)
    const { code, err } = await berth(['simulate', broken])
    expect(code).toBe(1)
    expect(err).toBe(`Error: ${broken}: line 2: bytes is missing, expected a whole number from 0\n`)
  })
})
