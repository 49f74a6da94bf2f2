import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startBerth, type BerthProcess } from '../real/berth-process.js'
import { atTerminal, berth, whyNoTerminal, type Outcome, type Step } from './command.js'

let server: BerthProcess
let why: string | undefined

beforeAll(async () => {
  ;[server, why] = await Promise.all([startBerth(), whyNoTerminal()])
})

beforeEach((context) => {
  if (why !== undefined) context.skip(why)
})

afterAll(async () => await server[Symbol.asyncDispose]())

/** A chat that begins without chance, and in which answers are short. */
const chat = async (...steps: readonly Step[]): Promise<Outcome> => {
  const { out, ...rest } = await atTerminal(
    ['run', 'smollm2', '--system', 'You are a helpful assistant.'],
    [['>>> ', '/set parameter temperature 0\r'], ['>>> ', '/set parameter num_predict 40\r'], ...steps],
    { url: server.url, home: server.home },
  )
  // oxlint-disable-next-line no-control-regex -- where the cursor goes is the terminal's affair
  return { ...rest, out: out.replaceAll(/\u001B\[[\d;]*[A-Za-z]/g, '').replaceAll('\r', '') }
}

describe('a chat', () => {
  it('knows what was said, until that is forgotten', async () => {
    const { out, code } = await chat(
      ['>>> ', '/set verbose\r'],
      ['>>> ', 'What is the capital of France?\r'],
      ['Paris', ''],
      ['eval rate: ', ''],
      ['eval rate: ', ''],
      ['>>> ', 'Which country did I ask about?\r'],
      ['eval rate: ', ''],
      ['eval rate: ', ''],
      ['>>> ', '/clear\r'],
      ['The conversation is forgotten.', ''],
      ['>>> ', '/bye\r'],
    )
    expect(out).toMatch(/^The capital of France is Paris\.$/m)
    expect(out).toMatch(/^eval rate: +[\d.]+ tokens\/s$/m)
    const [first = 0, second = 0] = [...out.matchAll(/^prompt eval count: +(\d+)/gm)].map(([, count]) =>
      Number(count),
    )
    // The question's own tokens, and all that was said before it.
    expect(second).toBeGreaterThan(first + 5)
    expect(code).toBe(0)
  })

  it('takes messages of several lines, and keeps the lines for the next time', async () => {
    const first = await chat(
      ['>>> ', '"""What is the capital\r'],
      ['... ', 'of France?"""\r'],
      ['Paris', ''],
      ['>>> ', '/set nohistory\r'],
      ['not remembered', ''],
      ['>>> ', 'This is a secret.\r'],
      ['>>> ', '\u0004'],
    )
    expect(first.code).toBe(0)
    const lines = (await readFile(join(server.home, '.berth', 'history'), 'utf8')).split('\n')
    expect(lines).toContain('of France?"""')
    expect(lines).not.toContain('This is a secret.')
    const second = await chat(
      ['>>> ', '/set history\r'],
      ['>>> ', '\u001B[A\u001B[A\r'],
      ['num_predict', ''],
      ['>>> ', '\u0004'],
    )
    expect(second.out.match(/Set parameter 'num_predict' to '40'/g)).toHaveLength(2)
  })

  it('stops an answer at Ctrl-C, goes on, and leaves at Ctrl-D', async () => {
    const { out, code } = await chat(
      ['>>> ', '/set parameter num_predict 100000\r'],
      ['>>> ', 'Write a very long story.\r'],
      ['story.', ''],
      ['\n', ''],
      [' ', '\u0003'],
      ['>>> ', 'half a line\u0003'],
      ['Ctrl-D or /bye leaves.', ''],
      ['>>> ', '/set parameter num_predict 40\r'],
      ['>>> ', '\u0004'],
    )
    expect(out).toMatch(/Ctrl-D or \/bye leaves\.\n>>> .*\nSet parameter 'num_predict' to '40'/)
    expect(code).toBe(0)
    // Nobody waits for the rest of it.
    await expect
      .poll(async () => (await berth(['ps'], { url: server.url })).out, { timeout: 60_000 })
      .toMatch(/smollm2:latest .* ready /)
  })

  it('is saved as a model, which knows it', async () => {
    const { out } = await chat(
      ['>>> ', 'What is the capital of France?\r'],
      ['Paris', ''],
      ['>>> ', '/save geographer\r'],
      ["Created new model 'geographer'", ''],
      ['>>> ', '/show parameters\r'],
      ['num_predict', ''],
      ['>>> ', '/load geographer\r'],
      ['Talking to geographer.', ''],
      ['>>> ', '/show system\r'],
      ['helpful', ''],
      ['>>> ', '/load geography\r'],
      ['did you mean', ''],
      ['>>> ', '/bye\r'],
    )
    expect(out).toContain("Error: no such model 'geography'; did you mean geographer:latest?")
    const { stdout } = await shown('geographer')
    expect(stdout).toContain('PARAMETER num_predict 40\n')
    expect(stdout).toContain('SYSTEM You are a helpful assistant.\n')
    expect(stdout).toMatch(/MESSAGE user What is the capital of France\?\nMESSAGE assistant .*Paris/)
    await berth(['rm', 'geographer'], { url: server.url })
  })

  it('tells of its commands, and of what is none', async () => {
    const { out, code } = await chat(
      ['>>> ', '/?\r'],
      ['>>> ', '/? set\r'],
      ['>>> ', '/? shortcuts\r'],
      ['>>> ', '/shwo\r'],
      ['>>> ', '/set sytem x\r'],
      ['>>> ', '/set nonsense\r'],
      ['>>> ', '/set think hard\r'],
      ['>>> ', '/set format xml\r'],
      ['>>> ', '/show info\r'],
      ['quantization', ''],
      ['>>> ', '/set par'],
      ['/set par', '\t'],
      ['ameter', ' top_k 1\r'],
      ['>>> ', '/bye\r'],
    )
    expect(out).toContain('/save MODEL ')
    expect(out).toContain('/set parameter NAME VALUE')
    expect(out).toContain('Ctrl-K, Ctrl-U')
    expect(out).toContain('Error: /shwo: no such command; did you mean /show?')
    expect(out).toContain('Error: /set sytem: no such setting; did you mean system?')
    expect(out).toContain('Error: /set nonsense: no such setting; /? set lists them')
    expect(out).toContain('Error: think: expected true, false, low, medium, high or max, got "hard"')
    expect(out).toContain('Error: format: expected json or a JSON schema, got "xml"')
    expect(out).toContain("Set parameter 'top_k' to '1'")
    expect(code).toBe(0)
  })
})

async function shown(model: string): Promise<{ stdout: string }> {
  const { out } = await berth(['show', model, '--modelfile'], { url: server.url })
  return { stdout: out }
}
