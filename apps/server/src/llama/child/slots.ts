/** What a slot holds, as far as choosing one needs it. */
export interface SlotView {
  /** The engine's sequence id. */
  readonly id: number
  /** The tokens whose KV it has. */
  readonly tokens: readonly number[]
}

/**
 * The engine decodes sequences of low and gapless ids in one graph, others in several (four live ones: 27.5
 * ms a step as 0–3, 50 ms as 0, 2, 4, 6). A cached prefix in a higher slot must save more than that costs.
 */
const WORTH_A_GAP = 64

/**
 * Which of the free slots takes a job: the lowest, unless a higher one has a longer prefix of its prompt by
 * `WORTH_A_GAP` tokens or more. Of equals the lowest. Null where no slot is free.
 */
export function chooseSlot<S extends SlotView>(free: readonly S[], prompt: readonly number[]): S | null {
  const rising = free.toSorted((a, b) => a.id - b.id)
  const lowest = rising[0]
  if (lowest === undefined) return null
  let best = lowest
  let most = commonPrefix(lowest.tokens, prompt) + WORTH_A_GAP - 1
  for (const slot of rising.slice(1)) {
    const common = commonPrefix(slot.tokens, prompt)
    if (common > most) {
      best = slot
      most = common
    }
  }
  return best
}

/** How many tokens two lists begin with in common. */
export function commonPrefix(a: readonly number[], b: readonly number[]): number {
  const length = Math.min(a.length, b.length)
  let common = 0
  while (common < length && a[common] === b[common]) common++
  return common
}

/**
 * The engine's arithmetic depends, in the last bits, on how many tokens it computes together: fewer than
 * this many take another way through it. So the end of a prompt is cut off at a multiple of it.
 */
const GRANULE = 64

/**
 * How many cached tokens a job takes over. The last token of the prompt is always computed, for its logits.
 * A job that is to be repeatable (a seed, or temperature 0) goes on at a multiple of `GRANULE` only: then the
 * same prompt is computed in the same way, cached or not.
 */
export function reusable(common: number, promptLength: number, repeatable: boolean): number {
  const most = Math.min(common, promptLength - 1)
  return repeatable ? most - (most % GRANULE) : most
}

/** How many of a prompt's tokens to decode next, of which `done` are; up to the end of it only from the last granule on. */
export function nextChunk(done: number, length: number, chunk: number): number {
  const lastCut = length - 1 - ((length - 1) % GRANULE)
  return done < lastCut ? Math.min(chunk, lastCut - done) : length - done
}

/**
 * Which tokens a context of `limit` tokens and one more forgets: the older half of what comes after the
 * first `keep`. One at least goes, never the last: that one is not computed yet, and its logits are wanted.
 */
export function shifted(limit: number, keep: number): { readonly start: number; readonly end: number } {
  const start = Math.max(0, Math.min(keep, limit - 2))
  return { start, end: start + Math.max(1, (limit - start) >> 1) }
}
