/** The part of a long list that is rendered: items from `from` to before `to`, with empty space for the rest. Pixels. */
export interface ListWindow {
  readonly from: number
  readonly to: number
  readonly before: number
  readonly after: number
}

/** Where items begin and, last, where the list ends: `offsets[i]` is the top of item i. */
export function offsetsOf(heights: readonly number[]): number[] {
  const offsets = [0]
  let sum = 0
  for (const height of heights) {
    sum += height
    offsets.push(sum)
  }
  return offsets
}

/** The items that are within `margin` of what is seen. At least one, where there is any. */
export function windowAt(
  offsets: readonly number[],
  top: number,
  height: number,
  margin: number,
): ListWindow {
  const count = offsets.length - 1
  const end = offsets[count] ?? 0
  if (count === 0) return { from: 0, to: 0, before: 0, after: 0 }
  const from = Math.min(firstAfter(offsets, Math.max(0, Math.min(top, end) - margin)), count - 1)
  let to = from + 1
  while (to < count && (offsets[to] ?? 0) < top + height + margin) to += 1
  return { from, to, before: offsets[from] ?? 0, after: end - (offsets[to] ?? 0) }
}

/** The window at the end of the list, where a conversation is opened. */
export function windowAtEnd(offsets: readonly number[], height: number, margin: number): ListWindow {
  return windowAt(offsets, (offsets.at(-1) ?? 0) - height, height, margin)
}

/** How high a message will be, before it has been rendered: by its length, at a usual width. */
export function guessHeight(characters: number): number {
  return 96 + Math.ceil(characters / 75) * 26
}

/** The index of the last item that begins at or before a place. */
function firstAfter(offsets: readonly number[], place: number): number {
  let low = 0
  let high = offsets.length - 2
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((offsets[middle] ?? 0) <= place) low = middle
    else high = middle - 1
  }
  return low
}
