/** A WordPiece tokenizer (BERT's kind), as llama.cpp has it: pieces that begin a word are marked, those that go on are not. */
export interface WordPieces {
  readonly tokens: readonly string[]
  /** llama.cpp's token types, one a token: 1 is normal, 3 is control. */
  readonly types: readonly number[]
  /** Stands for a word that no pieces spell. */
  readonly unknown: number
  readonly padding: number
  /** What a text begins with, and what it ends with. */
  readonly begin: number
  readonly end: number
  readonly mask: number
}

const START = '\u2581'
const SPECIALS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
const CHARACTERS = 'abcdefghijklmnopqrstuvwxyz0123456789.,:;!?\'"()-'.split('')
/** Whole words, to be one token; all others are spelled. */
const WORDS = 'the a one two three four five six seven eight nine ten and of boat ship sea'.split(' ')

/** The same vocabulary always: lower-case words and letters, digits, some punctuation. */
export function makeWordPieces(): WordPieces {
  const tokens = [
    ...SPECIALS,
    ...CHARACTERS.map((one) => START + one),
    ...CHARACTERS,
    ...WORDS.filter((word) => word.length > 1).map((word) => START + word),
  ]
  return {
    tokens,
    types: tokens.map((_, id) => (id < SPECIALS.length ? 3 : 1)),
    padding: 0,
    unknown: 1,
    begin: 2,
    end: 3,
    mask: 4,
  }
}
