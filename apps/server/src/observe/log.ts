import { pino, type DestinationStream, type Logger } from 'pino'
import pretty from 'pino-pretty'

export interface LogSettings {
  readonly level: string
  /** For people on a terminal, or a JSON object a line. */
  readonly format: 'text' | 'json'
}

/** The server's log. Headers and bodies never go in: keys and conversations are nobody else's affair. */
export function createLog({ level, format }: LogSettings, destination: DestinationStream): Logger {
  return pino({ level, base: null }, format === 'json' ? destination : forPeople(destination))
}

/** One line for each: the time, the level, the message, and what else there is to know. */
function forPeople(destination: DestinationStream): DestinationStream {
  const prettify = pretty.prettyFactory({
    colorize: process.stdout.isTTY,
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true,
  })
  return { write: (line) => destination.write(prettify(JSON.parse(line))) }
}
