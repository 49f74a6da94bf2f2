/** An address as it is to be stored, or why it is none. */
export type CheckedAddress =
  { readonly ok: true; readonly address: string } | { readonly ok: false; readonly why: string }

/**
 * One of those that `Settings.modelAddresses` has: a GGUF file; a list of models for WebLLM; or a model's folder
 * and, after a space, its compiled library.
 * @param known addresses that are in the list already, as they were stored
 */
export function checkModelAddress(text: string, known: readonly string[]): CheckedAddress {
  const parts = text.trim().split(/\s+/)
  if (parts.length > 2)
    return { ok: false, why: 'One address, or a folder and its library: no more than two.' }
  const checked = parts.map(checkOne)
  const wrong = checked.find((each) => !each.ok)
  if (wrong !== undefined) return wrong
  const address = checked.flatMap((each) => (each.ok ? [each.address] : [])).join(' ')
  if (known.includes(address)) return { ok: false, why: 'This address is in the list already.' }
  return { ok: true, address }
}

function checkOne(wanted: string): CheckedAddress {
  if (wanted === '')
    return { ok: false, why: 'An address is needed, such as https://models.example/tiny.gguf.' }
  const url = URL.canParse(wanted) ? new URL(wanted) : null
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return { ok: false, why: `“${wanted}” is no address: it begins with https:// or http://.` }
  return { ok: true, address: url.href }
}
