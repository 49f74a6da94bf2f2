/** A byte-level BPE tokenizer (GPT-2's kind): any text can be encoded, and lower-case words are merged a little. */
export interface Tokenizer {
  readonly tokens: readonly string[]
  /** llama.cpp's token types, one a token: 1 is normal, 3 is control. */
  readonly types: readonly number[]
  readonly merges: readonly string[]
  readonly endOfText: number
  readonly unknown: number
  readonly startOfTurn: number
  readonly endOfTurn: number
}

const NORMAL = 1
const CONTROL = 3
const LETTERS = 'etaoinshrdlucmfwypvbgkjqxz'.split('')
/** They come first: ids 0 to 3. */
export const SPECIALS = ['<|endoftext|>', '<|im_start|>', '<|im_end|>', '<unk>']
/** Fewer tokens than this cannot spell every byte. */
export const LEAST_VOCABULARY = 256 + SPECIALS.length

/** @param size how many tokens, specials included: `LEAST_VOCABULARY` or more. */
export function makeTokenizer(size: number): Tokenizer {
  if (size < LEAST_VOCABULARY) {
    throw new RangeError(`Expected a vocabulary of ${LEAST_VOCABULARY} tokens or more, got ${size}`)
  }
  const tokens = [...SPECIALS, ...byteTokens()]
  const merges: string[] = []
  for (const [left, right] of mergePairs()) {
    if (tokens.length >= size) break
    tokens.push(left + right)
    merges.push(`${left} ${right}`)
  }
  // Beyond what four letters can spell, entries that no text ever becomes; they only make the vocabulary as large as asked.
  while (tokens.length < size) tokens.push(`<unused-${tokens.length}>`)
  return {
    tokens,
    types: tokens.map((_, id) => (id < SPECIALS.length ? CONTROL : NORMAL)),
    merges,
    endOfText: 0,
    unknown: 0,
    startOfTurn: 1,
    endOfTurn: 2,
  }
}

/** GPT-2's way to write each byte as a printable character. */
function byteTokens(): string[] {
  const tokens: string[] = []
  let shifted = 0
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
    tokens.push(String.fromCodePoint(printable ? byte : 256 + shifted++))
  }
  return tokens
}

/** Pairs whose halves are tokens already: two letters, then three, then four, with and without GPT-2's mark of a space. */
function* mergePairs(): Generator<readonly [string, string]> {
  let level = ['Ġ', ...LETTERS]
  for (let length = 2; length <= 4; length++) {
    const next: string[] = []
    for (const start of level) {
      for (const letter of LETTERS) {
        yield [start, letter]
        next.push(start + letter)
      }
    }
    level = next
  }
}
