import type { ServerSetting } from '../storage/index.js'

/** A server as it was typed in. */
export interface ServerDraft {
  readonly name: string
  readonly address: string
  readonly kind: ServerSetting['kind']
  readonly key: string
}

/** What to store, or what is wrong by field. */
export type CheckedServer =
  | { readonly ok: true; readonly server: ServerSetting }
  | { readonly ok: false; readonly address?: string; readonly name?: string }

/**
 * @param others the servers that are set already, less the one that is being changed
 * @param secure whether the page came by https, where browsers refuse calls by http to other machines
 */
export function checkServer(
  draft: ServerDraft,
  others: readonly ServerSetting[],
  secure: boolean,
): CheckedServer {
  const typed = draft.address.trim()
  if (typed === '') return { ok: false, address: 'An address is needed, such as http://192.168.1.20:11434.' }
  // People type what they would type into a browser; two slashes are what tells a scheme from a port.
  const url = tryUrl(typed.includes('://') ? typed : `http://${typed}`)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return { ok: false, address: `“${typed}” is no address: it begins with https:// or http://.` }
  if (url.username !== '' || url.password !== '')
    return { ok: false, address: 'A name and password cannot be part of the address; use the key.' }
  if (secure && url.protocol === 'http:' && !isThisMachine(url.hostname))
    return {
      ok: false,
      address: 'This page came by https, and browsers refuse it to call another machine by http.',
    }
  const address = `${url.origin}${url.pathname.replace(/\/+$/, '')}`
  const twin = others.find((other) => other.address === address)
  if (twin !== undefined) return { ok: false, address: `“${twin.name}” has this address already.` }
  const name = draft.name.trim() || url.host
  if (others.some((other) => other.name === name))
    return { ok: false, name: `Another server is called “${name}” already.` }
  const key = draft.key.trim()
  return { ok: true, server: { name, address, kind: draft.kind, ...(key === '' ? {} : { key }) } }
}

function tryUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null
}

/** Addresses that browsers trust as they trust https. */
function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || /^(127\.|\[::1\])/.test(hostname)
}
