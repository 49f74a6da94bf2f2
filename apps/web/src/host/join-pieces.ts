import type { Piece } from '@berth/scheduler'

/** Adds a piece to those that came before it; neighbours of text, and of thinking, become one. */
export function joinPiece(pieces: Piece[], piece: Piece): void {
  const last = pieces.at(-1)
  const joined = last === undefined ? null : join(last, piece)
  if (joined === null) pieces.push(piece)
  else pieces[pieces.length - 1] = joined
}

function join(a: Piece, b: Piece): Piece | null {
  if (a.type === 'thinking' && b.type === 'thinking') {
    return { ...a, text: a.text + b.text, tokens: a.tokens + b.tokens }
  }
  if (a.type !== 'text' || b.type !== 'text') return null
  const logprobs =
    a.logprobs || b.logprobs ? { logprobs: [...(a.logprobs ?? []), ...(b.logprobs ?? [])] } : {}
  return { type: 'text', text: a.text + b.text, tokens: a.tokens + b.tokens, ...logprobs }
}
