/**
 * The vocabulary of byte-level BPE spells each byte as a printable character (the table of GPT-2's
 * `bytes_to_unicode`): printable Latin-1 stands for itself, all others are moved to U+0100 and up.
 */
const BYTE_OF_CHARACTER = new Map<string, number>()
let moved = 0
for (let byte = 0; byte < 256; byte++) {
  const character = isPrintable(byte) ? byte : 0x100 + moved++
  BYTE_OF_CHARACTER.set(String.fromCodePoint(character), byte)
}

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
}

const BYTE_TOKEN = /^<0x([0-9A-Fa-f]{2})>$/
const utf8 = new TextEncoder()

/** How a vocabulary spells its tokens. */
export type Spelling = 'byte-level' | 'sentencepiece' | 'plain'

/** The bytes that a token stands for, from its spelling in the vocabulary; they need not be whole characters. */
export function tokenBytes(spelled: string, spelling: Spelling): number[] {
  switch (spelling) {
    case 'byte-level': {
      const bytes: number[] = []
      for (const character of spelled) {
        const byte = BYTE_OF_CHARACTER.get(character)
        // A special token is spelled as it is.
        if (byte === undefined) return Array.from(utf8.encode(spelled))
        bytes.push(byte)
      }
      return bytes
    }
    case 'sentencepiece': {
      const byte = BYTE_TOKEN.exec(spelled)?.[1]
      return byte === undefined
        ? Array.from(utf8.encode(spelled.replaceAll('\u2581', ' ')))
        : [Number.parseInt(byte, 16)]
    }
    case 'plain':
      return Array.from(utf8.encode(spelled))
  }
}
