import { parseListenAddress, urlOf } from '../config/index.js'
import { CliError, EXIT } from './cli-error.js'

/** Addresses that a server listens on and nobody can be called at. */
const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/**
 * Where the server is, by the flag, BERTH_HOST or OLLAMA_HOST, as the server itself reads them; BERTH_PORT
 * is stronger than a port in a variable. `https://` reaches one behind a proxy.
 * @throws CliError that names what is wrong.
 */
export function serverUrl(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const given = [
    ['--host', flag],
    ['BERTH_HOST', env['BERTH_HOST']],
    ['OLLAMA_HOST', env['OLLAMA_HOST']],
  ].find(([, value]) => value !== undefined && value.trim() !== '')
  const [name = '', text = ''] = given ?? []
  const address = parseListenAddress(text)
  if (address === undefined) {
    throw new CliError(
      `${name}: expected an address such as "127.0.0.1:11434" or "https://berth.example", got ${JSON.stringify(text)}`,
      EXIT.usage,
    )
  }
  const port = flag === undefined ? portOf(env['BERTH_PORT']) : undefined
  const hostname = EVERYWHERE.has(address.hostname) ? '127.0.0.1' : address.hostname
  const url = urlOf({ hostname, port: port ?? address.port })
  return /^https:\/\//i.test(text.trim()) ? url.replace('http:', 'https:') : url
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined
  if (/^\d{1,5}$/.test(text.trim()) && Number(text) <= 65_535) return Number(text)
  throw new CliError(`BERTH_PORT: expected a port from 0 to 65535, got ${JSON.stringify(text)}`, EXIT.usage)
}
