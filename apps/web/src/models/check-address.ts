/** An address as it is to be stored, or why it is none. */
export type CheckedAddress =
  { readonly ok: true; readonly address: string } | { readonly ok: false; readonly why: string }

/** @param known addresses that are in the list already, as they were stored */
export function checkModelAddress(text: string, known: readonly string[]): CheckedAddress {
  const wanted = text.trim()
  if (wanted === '')
    return { ok: false, why: 'An address is needed, such as https://models.example/tiny.gguf.' }
  const url = URL.canParse(wanted) ? new URL(wanted) : null
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return { ok: false, why: `“${wanted}” is no address: it begins with https:// or http://.` }
  if (known.includes(url.href)) return { ok: false, why: 'This address is in the list already.' }
  return { ok: true, address: url.href }
}
