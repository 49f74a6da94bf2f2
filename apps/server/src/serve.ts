import { readFileSync } from 'node:fs'
import { destination } from 'pino'
import { helpText, readConfig } from './config/index.js'
import { ListenError } from './listen.js'
import { createLog } from './observe/index.js'
import { StartError, startServer } from './server.js'
import { VERSION } from './version.js'

/** Becomes the server. @param args its flags. */
export async function serve(args: readonly string[]): Promise<void> {
  const read = readConfig({
    args,
    env: process.env,
    readFile: (path) => readFileSync(path, 'utf8'),
  })
  switch (read.kind) {
    case 'help':
      return say(process.stdout, helpText())
    case 'version':
      return say(process.stdout, `Berth ${VERSION}\n`)
    case 'errors':
      return fail(read.errors)
    case 'config':
      break
  }
  const { config, warnings } = read
  const text = config.logFormat === 'text' || (config.logFormat === 'auto' && process.stdout.isTTY)
  const log = createLog(
    { level: config.debug ? 'debug' : config.logLevel, format: text ? 'text' : 'json' },
    // Written at once: the last line before an end is the one that matters.
    destination({ fd: 1, sync: true }),
  )
  for (const warning of warnings) log.warn(warning)
  try {
    const server = await startServer(config, VERSION, log)
    onSignals((signal) => {
      log.info(
        `${signal}: no new requests; running ones have ${config.shutdownTimeout / 1000} s to finish. Once more ends at once`,
      )
      return server.stop(config.shutdownTimeout)
    })
    await server.ready
  } catch (error) {
    if (error instanceof ListenError || error instanceof StartError) return fail([error.message])
    log.fatal({ err: error }, 'Berth could not start')
    process.exit(1)
  }
}

/** One Ctrl-C reaches a process twice where npm started it: from the terminal, and from npm. */
const SAME_SIGNAL_MS = 1_000

/** The first signal stops in good order, the second at once: children leave when their parent is gone. */
function onSignals(stop: (signal: string) => Promise<void>): void {
  let first: number | undefined
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.on(signal, () => {
      if (first !== undefined) {
        if (performance.now() - first > SAME_SIGNAL_MS) process.exit(code)
        return
      }
      first = performance.now()
      void stop(signal).then(() => process.exit(0))
    })
  }
}

function say(stream: NodeJS.WriteStream, text: string): void {
  stream.write(text)
}

function fail(errors: readonly string[]): void {
  say(process.stderr, `${errors.join('\n')}\n`)
  process.exitCode = 1
}
