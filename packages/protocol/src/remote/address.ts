import type { RemoteKind } from './dialects.js'

/** The address that paths are put behind; null for what is none. People paste the base of OpenAI's API with its `/v1`. */
export function remoteAddress(text: string, kind: RemoteKind): string | null {
  const address = text.trim().replace(/\/+$/, '')
  if (!/^https?:\/\/[^\s/?#]+(\/[^\s?#]*)?$/i.test(address)) return null
  return kind === 'openai' ? address.replace(/\/v1$/, '') : address
}
