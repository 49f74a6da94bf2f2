/** Where the server listens. */
export interface ListenAddress {
  readonly hostname: string
  readonly port: number
}

export const DEFAULT_ADDRESS: ListenAddress = { hostname: '127.0.0.1', port: 11434 }

const PORTS: Readonly<Record<string, number>> = { 'http://': 80, 'https://': 443 }

/**
 * An address as `OLLAMA_HOST` carries it: `host`, `host:port`, `:port`, `[::1]:port`, with or without
 * `http://`, which makes 80 the port where none is named. Undefined where it is none.
 */
export function parseListenAddress(value: string): ListenAddress | undefined {
  const [, scheme = '', rest = ''] = /^(https?:\/\/)?([^/]*)\/?$/.exec(value.trim()) ?? []
  if (rest === '' && scheme !== '') return undefined
  const [, bracketed, plain, portText] =
    /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]\s]*))(?::(\d*))?$/.exec(rest) ?? bareIpv6(rest)
  if (bracketed === undefined && plain === undefined) return undefined
  const port = portText ? Number(portText) : (PORTS[scheme] ?? DEFAULT_ADDRESS.port)
  if (port > 65_535) return undefined
  return { hostname: bracketed ?? (plain || DEFAULT_ADDRESS.hostname), port }
}

const bareIpv6 = (text: string): readonly (string | undefined)[] =>
  /^[0-9a-fA-F:.]+$/.test(text) && text.split(':').length > 2 ? [text, text] : []

/** Whether only this machine can reach the address. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '::1' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

/** The address as a URL that a browser on this machine can open. */
export function urlOf({ hostname, port }: ListenAddress): string {
  return `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`
}
