import { isForeign, type RunnerView } from './runner-entry.js'

/** Runners that may be asked to leave, the least recently used first: unpinned, our own memory, not on their way already. */
export function victims<R extends RunnerView>(runners: Iterable<R>, state: 'ready' | 'busy'): readonly R[] {
  return [...runners]
    .filter((r) => r.state === state && !r.pinned && !isForeign(r) && r.drain?.end !== 'unload')
    .toSorted((a, b) => a.lastUsed - b.lastUsed)
}

/**
 * The fewest of the candidates, taken from the front, with which `enough` holds, less those of them that
 * turn out not to be needed (a small early one, once a big later one makes the room). Null where not even
 * all of them are enough. `enough` must not turn false by a further candidate.
 */
export function fewest<T>(
  candidates: readonly T[],
  enough: (chosen: readonly T[]) => boolean,
): readonly T[] | null {
  let chosen: readonly T[] = []
  for (const candidate of candidates) {
    if (enough(chosen)) break
    chosen = [...chosen, candidate]
  }
  if (!enough(chosen)) return null
  for (const candidate of chosen) {
    const without = chosen.filter((other) => other !== candidate)
    if (enough(without)) chosen = without
  }
  return chosen
}
