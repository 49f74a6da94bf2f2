import { formatBytes } from '@berth/budget'
import type { Bytes } from '@berth/budget'

export interface StoredModel {
  readonly name: string
  readonly bytes: Bytes
}

/** What to say when the browser gives no more room: how much is missing, and which models would free it. */
export function quotaAdvice(missing: Bytes, stored: readonly StoredModel[]): string {
  const room = `The browser gives this page no more room on the disk; ${formatBytes(missing)} are still to come.`
  const kept = 'What was fetched is kept.'
  const enough = fewestThatFree(missing, stored)
  if (enough === null) {
    const all = stored.length === 0 ? '' : ' Even without the other models there might not be enough.'
    return `${room}${all} ${kept} Free some space on the disk, then go on.`
  }
  const names = enough.map(({ name, bytes }) => `${name} (${formatBytes(bytes)})`)
  return `${room} ${kept} Delete ${names.join(' and ')}, then go on.`
}

/** The smallest single model that frees enough, else the largest ones until they do; null where all do not. */
function fewestThatFree(missing: Bytes, stored: readonly StoredModel[]): readonly StoredModel[] | null {
  const bySize = stored.toSorted((a, b) => a.bytes - b.bytes)
  const single = bySize.find(({ bytes }) => bytes >= missing)
  if (single !== undefined) return [single]
  const chosen: StoredModel[] = []
  let freed = 0
  for (const model of bySize.toReversed()) {
    chosen.push(model)
    freed += model.bytes
    if (freed >= missing) return chosen
  }
  return null
}
