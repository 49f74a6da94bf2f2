import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomGguf, smollm2 } from '../../models/index.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { startRegistry } from '../library/registry.js'
import { post, startBerth, type BerthProcess } from '../real/berth-process.js'
import { song } from '../real/requests.js'
import { atTerminal, BERTH, berth, whyNoTerminal, type Outcome } from './command.js'

let server: BerthProcess

beforeAll(async () => {
  server = await startBerth({ args: ['--num-parallel', '1'] })
})

afterAll(async () => await server[Symbol.asyncDispose]())

const run = async (...args: readonly string[]): Promise<Outcome> =>
  await berth(args, { url: server.url, home: server.home })

const piped = async (input: string, ...args: readonly string[]): Promise<Outcome> =>
  await berth(args, { url: server.url, home: server.home, input })

const POLITE = ['--system', 'You are a helpful assistant.', 'smollm2']
const CALM = [...POLITE.slice(0, -1), 'calm']

describe('berth', () => {
  it('says its version, its commands, and what each of them takes', async () => {
    expect(await berth(['--version'])).toEqual({ code: 0, out: 'berth 0.1.0\n', err: '' })
    const help = await berth([])
    expect(help.code).toBe(0)
    for (const name of 'serve run pull list ps show create cp rm stop logs doctor fit record simulate completion'.split(
      ' ',
    )) {
      expect(help.out).toMatch(new RegExp(`^  ${name}\\b`, 'm'))
      const { code, out } = await berth([name, '--help'])
      expect({ name, code }).toEqual({ name, code: 0 })
      expect(out).toContain(name === 'serve' ? '--gguf-folders' : `Usage: berth ${name}`)
    }
  })

  it.each([
    [['lst'], /unknown command 'lst'\n\(Did you mean one of list, ls\?\)/],
    [['show'], /missing required argument 'model'/],
    [['list', '--jsno'], /unknown option '--jsno'\n\(Did you mean --json\?\)/],
    [['logs', '-n', 'x'], /expected a whole number/],
    [['list', '--host', 'a b'], /--host: expected an address/],
    [['completion', 'tcsh'], /expected one of bash, zsh, fish/],
  ])('ends with 2 where it is used wrongly: %j', async (args, message) => {
    const { code, out, err } = await berth(args)
    expect(err).toMatch(message)
    expect({ code, out }).toEqual({ code: 2, out: '' })
  })

  it('says where it looked for a server, and how to start one', async () => {
    const env = { OLLAMA_HOST: '127.0.0.1:1' }
    for (const args of [['list'], ['run', 'smollm2', 'Hello'], ['ps'], ['stop', 'smollm2'], ['logs']]) {
      const { code, err } = await berth(args, { env })
      expect(err).toMatch(
        /^Error: no server answers at http:\/\/127\.0\.0\.1:1: start one with "berth serve"/,
      )
      expect(code).toBe(1)
    }
    const { err } = await berth(['list', '--json'], { env })
    expect(JSON.parse(err)).toEqual({ error: expect.stringContaining('no server answers') })
  })

  it('says which model may have been meant', async () => {
    for (const args of [
      ['show', 'smolm2'],
      ['run', 'smollm3', 'Hello', '--no-pull'],
      ['cp', 'smol', 'b'],
      ['rm', 'smolm2'],
      ['stop', 'smol'],
    ]) {
      const { code, err } = await run(...args)
      expect(err).toBe(`Error: no such model '${args[1]}'; did you mean smollm2:latest?\n`)
      expect(code).toBe(1)
    }
    const { err } = await run('run', '--no-pull', 'mistral', 'Hello')
    expect(err).toBe(
      `Error: no such model 'mistral': "berth list" shows those there are, "berth pull mistral" gets it\n`,
    )
  })
})

describe('berth run', () => {
  beforeAll(async () => {
    // Without chance, and soon at an end: what a small model says may go on for minutes.
    const parameters = { temperature: 0, num_predict: 200 }
    const order = { model: 'calm', from: 'smollm2', parameters, stream: false }
    expect((await post(`${server.url}/api/create`, order)).status).toBe(200)
  })
  afterAll(async () => {
    const body = JSON.stringify({ model: 'calm' })
    await fetch(`${server.url}/api/delete`, { method: 'DELETE', body })
  })

  it('answers the prompt of its arguments', async () => {
    const { code, out, err } = await run('run', ...CALM, 'What is the capital', 'of France?')
    expect(err).toBe('')
    expect(out).toMatch(/Paris[^]*\n$/)
    expect(code).toBe(0)
  })

  it('answers what comes in a pipe, with or without more', async () => {
    expect((await piped('What is the capital of France?\n', 'run', ...CALM)).out).toContain('Paris')
    const asks = [...CALM, 'What is the capital of France?']
    const { out, code } = await piped('The capital of France is Paris.\n', 'run', ...asks)
    expect(out).toContain('Paris')
    expect(code).toBe(0)
  })

  it('gives JSON of the format that is asked for, and times where they are asked for', async () => {
    // One that ends: left to itself, the model fills an object without end.
    const format = { type: 'object', properties: { city: { enum: ['Paris', 'Rome'] } }, required: ['city'] }
    const { out, err } = await run(
      'run',
      '--verbose',
      '--format',
      JSON.stringify(format),
      '--keepalive',
      '10m',
      ...CALM,
      'Tell of Paris in JSON.',
    )
    expect(JSON.parse(out)).toEqual({ city: expect.stringMatching(/^(Paris|Rome)$/) })
    expect(err).toMatch(/^eval rate: +[\d.]+ tokens\/s$/m)
    expect((await run('ps')).out).toContain('9 minutes from now')
  })

  it('takes the word after --think for the prompt, and a level behind =', async () => {
    const thinking = await run('run', '--think', ...CALM, 'Hello')
    expect(thinking).toMatchObject({ code: 1, err: expect.stringMatching(/does not support thinking/) })
    const { err } = await run('run', '--think=hard', ...CALM, 'Hello')
    expect(err).toContain('think: expected true, false, low, medium, high or max, got "hard"')
    expect((await run('run', '--think=false', ...CALM, 'Say yes.')).code).toBe(0)
  })

  it('passes on what the server says of a wrong wish', async () => {
    const { code, err } = await run('run', '--keepalive', 'soon', ...CALM, 'Hello')
    expect(err).toMatch(/^Error: keep_alive: expected a number of seconds or a duration/)
    expect(code).toBe(1)
    expect(await run('run', ...CALM)).toMatchObject({
      code: 2,
      err: expect.stringContaining('expected a prompt'),
    })
  })

  it('gives the lines of the answer to programs', async () => {
    const { out } = await run('run', '--json', ...CALM, 'What is the capital of France?')
    const lines: { done: boolean }[] = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map(({ done }) => done).filter(Boolean)).toEqual([true])
    expect(lines.length).toBeGreaterThan(2)
  })
})

describe('berth ps', () => {
  it('shows what runs, who waits, at which place and why', async () => {
    const stop = new AbortController()
    const ask = async (): Promise<void> => {
      const request = { method: 'POST', body: JSON.stringify(song(4_000)), signal: stop.signal }
      await fetch(`${server.url}/api/generate`, request).then(async (response) => await response.text())
    }
    const asked = [ask(), ask()]
    try {
      await expect
        .poll(async () => (await run('ps')).out, { timeout: 120_000 })
        .toMatch(
          /^1 +r\d+ +smollm2:latest +normal +127\.0\.0\.1 .* the one slot of smollm2:latest is taken$/m,
        )
      const { out } = await run('ps')
      expect(out).toMatch(/^NAME +ID +SIZE +PROCESSOR +CONTEXT +STATE +UNTIL$/m)
      expect(out).toMatch(/^smollm2:latest +[0-9a-f]{12} .* busy 1\/1 /m)
      expect(out).toMatch(/^PLACE +REQUEST +MODEL +CLASS +CLIENT +WAITING +STARTS +WHY$/m)
      const { queue }: { queue: { position: number; model: string; why: string }[] } = JSON.parse(
        (await run('ps', '--json')).out,
      )
      expect(queue).toMatchObject([
        { position: 1, model: 'smollm2:latest', why: expect.stringMatching(/\w/) },
      ])
    } finally {
      stop.abort()
      await Promise.allSettled(asked)
    }
  })
})

describe('berth stop', () => {
  it('lets a model go, unless it is pinned', async () => {
    await run('run', ...POLITE, 'Say yes.')
    expect((await run('stop', 'smollm2')).out).toBe("stopped 'smollm2'\n")
    expect(JSON.parse((await run('ps', '--json')).out)).toMatchObject({ models: [] })
    await post(`${server.url}/api/berth/pin`, { model: 'smollm2' })
    await run('run', ...POLITE, 'Say yes.')
    expect(await run('stop', 'smollm2')).toMatchObject({
      code: 1,
      err: expect.stringContaining('is pinned and stays'),
    })
    expect((await run('ps')).out).toContain('pinned')
    await post(`${server.url}/api/berth/pin`, { model: 'smollm2', pinned: false })
  })
})

describe('the models', () => {
  it('are made by a Modelfile, shown, copied and deleted', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'Pirate.modelfile')
    await writeFile(
      file,
      `# Arr\nFROM ${await smollm2()}\nPARAMETER temperature 0.2\nPARAMETER stop Ahoy\nSYSTEM """You are\na pirate."""\nLICENSE Free\n`,
    )
    const made = await run('create', 'pirate', '-f', file)
    expect(made.err).toMatch(/^sending .*: 100% of .* MB$/m)
    expect(made.err).toMatch(/^writing manifest\nsuccess\n$/m)
    expect(made.code).toBe(0)

    const { out } = await run('show', 'pirate')
    expect(out).toMatch(/^ {2}Model\n {4}architecture +llama\n {4}parameters +134\.5/)
    expect(out).toMatch(
      /^ {2}Parameters\n {4}temperature +0\.2\n {4}stop +"Ahoy"\n\n {2}System\n {4}You are\n {4}a pirate\.\n\n {2}License\n {4}Free$/m,
    )
    expect((await run('show', 'pirate', '--system')).out).toBe('You are\na pirate.\n')
    expect((await run('show', 'pirate', '--license')).out).toBe('Free\n')
    expect((await run('show', 'pirate', '--parameters', '--json')).out).toContain('Ahoy')
    expect(await run('show', 'pirate', '--system', '--license')).toMatchObject({ code: 2 })

    // What it shows makes the same again, and nothing has to be sent for it.
    const shown = await run('show', 'pirate', '--modelfile')
    await writeFile(join(folder, 'Modelfile'), shown.out)
    const again = await berth(['create', 'pirate2'], { url: server.url, home: server.home, cwd: folder })
    expect(again).toMatchObject({ code: 0, err: expect.not.stringContaining('sending') })
    expect((await run('show', 'pirate2', '--system')).out).toBe('You are\na pirate.\n')

    expect((await run('cp', 'pirate', 'corsair')).out).toBe("copied 'pirate' to 'corsair'\n")
    expect((await run('list', 'CORS')).out).toMatch(
      /^NAME +ID +SIZE +MODIFIED\ncorsair:latest +[0-9a-f]{12} +\d+(\.\d)? MB +.*\n$/,
    )
    expect((await run('rm', 'pirate', 'pirate2', 'corsair')).out).toBe(
      "deleted 'pirate'\ndeleted 'pirate2'\ndeleted 'corsair'\n",
    )
    const left: { name: string }[] = JSON.parse((await run('ls', '--json')).out)
    expect(left.map(({ name }) => name)).toEqual(['smollm2:latest'])
  })

  it('are not made of what is not there, or is not understood', async () => {
    const folder = await temporaryFolder()
    const create = async (text: string, ...more: readonly string[]): Promise<Outcome> => {
      await writeFile(join(folder, 'Modelfile'), text)
      return await run('create', 'none', '-f', join(folder, 'Modelfile'), ...more)
    }
    expect((await run('create', 'none', '-f', join(folder, 'no'))).err).toContain(
      'there is no such Modelfile',
    )
    expect((await create('FROM ./none.gguf')).err).toContain('./none.gguf: there is no such file')
    expect((await create('SYSTEM Hello')).err).toMatch(/Modelfile: no FROM line/)
    expect((await create('FROM smollm2\nPARAMETER warmth 3')).err).toMatch(
      /^Error: .*unknown parameter 'warmth'/,
    )
    expect(await create('FROM smollm2', '-q', 'q4_K_M')).toMatchObject({
      code: 1,
      err: expect.stringContaining('does not quantize'),
    })
  })

  it('are pulled, with a line for each step in a pipe', async () => {
    const registry = await startRegistry({ weights: Buffer.alloc(300_000, 'tern') })
    const name = `${registry.base}/library/tern`
    const { code, err, out } = await run('pull', name)
    expect(err).toMatch(/^pulling manifest\npulling [0-9a-f]{12}: /)
    expect(err).toMatch(/^verifying sha256 digest\nwriting manifest\nsuccess\n$/m)
    expect({ code, out }).toEqual({ code: 0, out: '' })
    const lines = (await run('pull', name, '--json')).out.trimEnd().split('\n')
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({ status: 'success' })
    await run('rm', name)
  })

  it('are pulled by who runs them without having them, unless told not to', async () => {
    const weights = await readFile(await randomGguf({ name: 'petrel', pooling: 'mean' }))
    const registry = await startRegistry({ weights })
    const name = `${registry.base}/library/petrel`
    const refused = await run('run', name, '--no-pull', 'Hello')
    expect(refused).toEqual({ code: 1, out: '', err: expect.stringContaining(`no such model '${name}': `) })
    const { code, out, err } = await run('run', name, 'Hello')
    expect(err).toMatch(/^pulling manifest\npulling [^]*\nsuccess\n$/)
    expect(JSON.parse(out)).toContainEqual(expect.any(Number))
    expect(code).toBe(0)
    // It is there now.
    expect((await run('run', name, 'Hello')).err).toBe('')
    await run('rm', name)
    expect((await run('run', name, '--json', 'Hello')).err).toBe('')
    await run('rm', name)
  })

  it('are not pulled for want of a prompt, nor from where nobody answers', async () => {
    const nowhere = '127.0.0.1:2/library/smolm2'
    expect((await run('run', nowhere)).code).toBe(2)
    const { code, err } = await run('run', nowhere, 'Hello')
    expect(err).toBe(
      `pulling manifest\nError: no such model '${nowhere}', and it could not be pulled: ` +
        '127.0.0.1:2 cannot be reached: connect ECONNREFUSED 127.0.0.1:2; did you mean smollm2:latest?\n',
    )
    expect(code).toBe(1)
  })

  it('are pulled with bars at a terminal', async (context) => {
    const why = await whyNoTerminal()
    if (why !== undefined) context.skip(why)
    const registry = await startRegistry({ weights: Buffer.alloc(300_000, 'gull') })
    const name = `${registry.base}/library/gull`
    const { code, out } = await atTerminal(['pull', name], [], { url: server.url, home: server.home })
    expect(out).toMatch(/pulling [0-9a-f]{12} +100% ▕█{24}▏ 300 kB/)
    expect(out).toContain('success')
    expect(code).toBe(0)
    await run('rm', name)
  })

  it('that cannot be pulled are told of', async () => {
    const registry = await startRegistry({
      weights: Buffer.from('x'),
      fault: (_request, response) => response.writeHead(404).end() !== undefined,
    })
    const { code, err } = await run('pull', `${registry.base}/library/none`)
    expect(err).toMatch(/^pulling manifest\nError: .+\n$/)
    expect(code).toBe(1)
  })
})

describe('berth doctor', () => {
  it('tells what the machine has, which build of the engine it gets, and what fits', async () => {
    const env = { BERTH_GGUF_FOLDERS: join(server.home, 'gguf') }
    const { code, out, err } = await berth(['doctor'], { url: server.url, home: server.home, env })
    expect(err).toBe('')
    expect(out).toMatch(/^Server +Berth 0\.1\.0 at http/m)
    expect(out).toMatch(/^Engine +llama\.cpp for (CPU|CUDA|VULKAN|METAL): \w/m)
    expect(out).toMatch(/^(RAM|unified memory) .* for models now$/m)
    expect(out).toMatch(/^smollm2:latest +\S+ MB +(GPU|CPU|GPU and CPU) +\S+ [MG]iB +8192 +\d+ /m)
    expect(code).toBe(0)
    const found = JSON.parse(
      (await berth(['doctor', '--json'], { url: server.url, home: server.home, env })).out,
    )
    expect(found).toMatchObject({
      engine: { build: expect.any(String) },
      models: [{ fits: true }],
      problems: [],
    })
  })

  it('says which setting makes no sense', async () => {
    const { code, err } = await berth(['doctor'], { home: server.home, env: { BERTH_KEEP_ALIVE: 'soon' } })
    expect(err).toMatch(/^Error: BERTH_KEEP_ALIVE: expected a duration/)
    expect(code).toBe(1)
  })
})

describe('berth logs', () => {
  it('says where the log goes that somebody else reads', async () => {
    const { code, err } = await run('logs')
    expect(err).toMatch(/^The log goes to the program that started the server/)
    expect(code).toBe(0)
    expect(JSON.parse((await run('logs', '--json')).out)).toEqual({ pid: server.pid, kind: 'pipe' })
  })
})

describe('completion', () => {
  it('knows commands, flags and models', async () => {
    expect((await run('__complete', '--')).out.split('\n')).toContain('run')
    const after = (await run('__complete', '--', 'run')).out.split('\n')
    expect(after).toContain('smollm2:latest')
    expect(after).toContain('--keepalive')
    expect((await berth(['__complete', '--', 'run'], { env: { BERTH_HOST: '127.0.0.1:1' } })).out).toContain(
      '--think',
    )
  })

  it.each(['bash', 'zsh', 'fish'])('has a script that %s understands', async (shell) => {
    const { code, out } = await berth(['completion', shell])
    expect(out).toContain('berth __complete --')
    expect(code).toBe(0)
  })

  it('completes a model’s name in bash', async (context) => {
    const bash = promisify(execFile)
    const there = await bash('bash', ['-c', 'type complete']).then(
      () => true,
      () => false,
    )
    if (!there) context.skip('there is no bash on this machine')
    const script = [
      `berth() { "${process.execPath}" "${BERTH}" "$@"; }`,
      'eval "$(berth completion bash)"',
      'COMP_WORDS=(berth show smo) COMP_CWORD=2',
      '_berth',
      'echo "${COMPREPLY[@]}"',
    ].join('\n')
    const { stdout } = await bash('bash', ['--norc', '-c', script], {
      env: { PATH: process.env['PATH'] ?? '', HOME: server.home, BERTH_HOST: server.url },
    })
    expect(stdout).toBe('smollm2:latest\n')
  })
})
