import { isIP, isIPv4 } from 'node:net'

/**
 * Whether a `Host` header may reach a server that listens on loopback. A page whose name was pointed at
 * 127.0.0.1 (DNS rebinding) sends that name; what is let through are names and addresses that no stranger
 * can own: as Ollama does it, addresses that are local or private, and names ending in .local, .localhost
 * or .internal, beside this machine's own.
 */
export function hostAllowed(header: string, machineName: string): boolean {
  const host = hostOf(header).toLowerCase()
  if (isIP(host) !== 0) return isPrivate(host)
  const own = machineName.toLowerCase()
  return (
    host === '' ||
    host === 'localhost' ||
    (own !== '' && host === own) ||
    ['.local', '.localhost', '.internal'].some((end) => host.endsWith(end))
  )
}

/** The header without its port, and an IPv6 address without its brackets. */
function hostOf(header: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(header)
  return bracketed?.[1] ?? header.replace(/:\d+$/, '')
}

/** Whether an address is this machine's own, as a socket tells it. */
export function isLoopbackAddress(address: string): boolean {
  const plain = /^::ffff:(.+)$/i.exec(address)?.[1] ?? address
  return plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'))
}

/** Loopback, unspecified, link-local and the private ranges (RFC 1918, RFC 4193). */
function isPrivate(address: string): boolean {
  if (isIPv4(address))
    return /^(?:127\.|10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|0\.0\.0\.0$)/.test(address)
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1]
  if (mapped !== undefined) return isPrivate(mapped)
  return address === '::1' || address === '::' || /^(?:f[cd]|fe[89ab])/.test(address)
}
