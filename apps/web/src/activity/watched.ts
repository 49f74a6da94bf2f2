import { signal } from '@preact/signals'
import { Activity } from './model/activity.js'
import { follow, type Followed } from './source/follow.js'
import type { Source } from './source/source.js'

/** What was seen of each source, by its id; few, as they are the servers of the settings. */
const seen = new Map<string, Activity>()

let current: { readonly key: string; readonly followed: Followed & Disposable } | null = null

/** Which source is shown; `browser` is this browser's own. */
export const chosenSource = signal('browser')

/**
 * The source, followed. It goes on when the page is left, so that who comes back finds what happened meanwhile; of
 * all sources the last one alone, since each takes a connection.
 * @param key changes when it is to be followed anew, with another key for instance.
 */
export function followed(source: Source, key: string): Followed {
  if (current?.key === key) return current.followed
  current?.followed[Symbol.dispose]()
  const activity = seen.get(source.id) ?? new Activity()
  seen.set(source.id, activity)
  current = { key, followed: follow(source, activity) }
  return current.followed
}
