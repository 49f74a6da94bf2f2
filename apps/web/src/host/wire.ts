import type { Ask, AskEvent, HostCalls, HostView, WatchMessage } from './contract.js'

/** A tab, or a host's life, by a name that no other has or had. */
export type TabId = string
export type Epoch = string

/** What a tab says to the host. */
export type ToHost =
  /** Said to whoever is the host; a tab that said it before is taken for the same. */
  | { readonly type: 'hello'; readonly tab: TabId }
  | { readonly type: 'ask'; readonly tab: TabId; readonly ask: Ask }
  | { readonly type: 'cancel'; readonly tab: TabId; readonly id: string }
  | {
      readonly type: 'call'
      readonly tab: TabId
      readonly id: string
      readonly name: keyof HostCalls
      readonly args: readonly unknown[]
    }
  | { readonly type: 'watch'; readonly tab: TabId; readonly on: boolean }

/** What the host says to all tabs at once: that it is there. They say hello then. */
export interface Announcement {
  readonly type: 'announce'
  readonly epoch: Epoch
}

/** What the host says to one tab. */
export type ToTab = { readonly epoch: Epoch } & (
  | { readonly type: 'welcome'; readonly view: HostView }
  | { readonly type: 'view'; readonly parts: Partial<HostView> }
  | {
      readonly type: 'asked'
      readonly batches: readonly { readonly id: string; readonly events: readonly AskEvent[] }[]
    }
  | { readonly type: 'called'; readonly id: string; readonly error: string | null }
  | { readonly type: 'watched'; readonly message: WatchMessage }
)

/** What the leading tab's page tells the worker that it started. */
export interface Begin {
  readonly type: 'begin'
  readonly space: string
  readonly epoch: Epoch
}

/** What the worker tells that page: it is the host now. */
export interface Begun {
  readonly type: 'begun'
}

/**
 * Names of channels and locks. `space` is the same for all tabs of a browser; where tabs cannot find each other
 * (without Web Locks) each has one of its own.
 */
export function names(space: string) {
  return {
    /** All tabs and the host listen: hellos and announcements. */
    lobby: `${space}-lobby`,
    host: (epoch: Epoch) => `${space}-host-${epoch}`,
    tab: (tab: TabId) => `${space}-tab-${tab}`,
    /** Held by the leading tab's page. */
    leader: `${space}-leader`,
    /** Held by the host's worker: at no moment are there two, not even while one dies and the next begins. */
    engines: `${space}-engines`,
    /** Held by a tab, or by a host's worker, for life: who is granted it knows that they are gone. */
    life: (who: string) => `${space}-life-${who}`,
  }
}
