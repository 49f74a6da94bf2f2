import type { Clock } from '@berth/scheduler'
import type { ServerSetting, Settings } from '../storage/index.js'
import { ServerSource } from './server-source.js'

export interface ServerSourcesOptions {
  /** Where the page comes from. */
  readonly origin: string
  readonly clock: Clock
  readonly changed: (source: ServerSource) => void
}

/**
 * The servers that the settings name, after the page's own. Those that were there are kept, with what they know
 * and what runs on them; those that are not wanted any more are disposed of.
 */
export function openServers(
  { servers, ownKey }: Settings,
  had: readonly ServerSource[],
  { origin, clock, changed }: ServerSourcesOptions,
): readonly ServerSource[] {
  const own: ServerSetting = {
    name: 'this server',
    address: origin,
    kind: 'berth',
    ...(ownKey === null ? {} : { key: ownKey }),
  }
  const wanted = [own, ...servers.filter(({ address }) => address !== origin)]
  const sources = wanted.map(
    (setting) =>
      had.find((source) => source.serves(setting)) ??
      new ServerSource({ setting, optional: setting === own, clock, changed }),
  )
  for (const source of had) if (!sources.includes(source)) source[Symbol.dispose]()
  return sources
}
