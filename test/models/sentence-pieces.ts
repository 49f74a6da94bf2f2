/** A tokenizer of SentencePiece's kind (Llama 2): pieces with scores, a byte each for what no piece spells. */
export interface SentencePieces {
  readonly tokens: readonly string[]
  /** llama.cpp's token types, one a token. */
  readonly types: readonly number[]
  /** Of two neighbours that could be joined, those whose union has the higher score are. */
  readonly scores: readonly number[]
  readonly unknown: number
  readonly startOfTurn: number
  readonly endOfTurn: number
}

const TYPE = { normal: 1, unknown: 2, control: 3, byte: 6 } as const
const SPACE = '\u2581'
const LETTERS = 'etaoinshrdlucmfwypvbgkjqxz'.split('')
/** They come first, in the places of the other tokenizer's; the start of a turn is what Llama 2 calls BOS. */
const SPECIALS = ['<unk>', '<|im_start|>', '<|im_end|>', '<pad>']

/** @param size how many tokens, specials and bytes included: 287 or more, to spell words of letters. */
export function makeSentencePieces(size: number): SentencePieces {
  const tokens = [...SPECIALS]
  const types: number[] = [TYPE.unknown, TYPE.control, TYPE.control, TYPE.control]
  const scores: number[] = SPECIALS.map(() => 0)
  const add = (token: string, type: number, score: number): void => {
    if (tokens.length >= size) return
    tokens.push(token)
    types.push(type)
    scores.push(score)
  }
  for (let byte = 0; byte < 256; byte++) {
    add(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, TYPE.byte, 0)
  }
  for (const letter of [SPACE, ...LETTERS]) add(letter, TYPE.normal, -1000)
  let rank = 0
  for (const first of [SPACE, ...LETTERS]) {
    for (const second of LETTERS) add(first + second, TYPE.normal, -++rank)
  }
  for (const first of LETTERS) {
    for (const second of LETTERS) add(SPACE + first + second, TYPE.normal, -++rank)
  }
  while (tokens.length < size) add(`<unused-${tokens.length}>`, TYPE.normal, -10_000)
  return { tokens, types, scores, unknown: 0, startOfTurn: 1, endOfTurn: 2 }
}
