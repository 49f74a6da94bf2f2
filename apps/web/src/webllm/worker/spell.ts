import type { Pipeline } from './internals.js'
import type { Spell } from './logits-tap.js'

/** How a tokenizer's tokens read. Those of a byte-level one are bytes, not characters, and need not be whole ones. */
export function speller({ tokenizer, config }: Pipeline): Spell {
  const method = config.tokenizer_info?.token_postproc_method ?? config.token_table_postproc_method
  const encoder = new TextEncoder()
  return (id) => {
    const token = tokenizer.decode(Int32Array.of(id))
    const bytes = method === 'byte_level' ? byteLevel(tokenizer.idToToken(id)) : null
    return { token, bytes: bytes ?? [...encoder.encode(token)] }
  }
}

/** The bytes that GPT-2's alphabet of printable characters stands for; null for a token with others in it (a special one). */
function byteLevel(token: string): readonly number[] | null {
  const bytes = Array.from(token, (char) => BYTES.get(char))
  return bytes.every((byte) => byte !== undefined) ? bytes : null
}

/** GPT-2's byte-to-character table, the other way: printable Latin-1 is itself, the others follow from U+0100 on in order. */
const BYTES: ReadonlyMap<string, number> = (() => {
  const map = new Map<string, number>()
  let next = 0x100
  for (let byte = 0; byte < 256; byte += 1) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad)
    map.set(String.fromCharCode(printable ? byte : next), byte)
    if (!printable) next += 1
  }
  return map
})()
