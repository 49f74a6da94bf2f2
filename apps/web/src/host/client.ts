import type { ReadonlySignal } from '@preact/signals'
import type { Ask, AskEvent, HostCalls, HostView, WatchMessage } from './contract.js'

/** The host as a tab sees it, whichever tab it runs in. The pages know this and nothing of tabs or workers. */
export interface HostClient {
  /** `connecting` until a host has answered, and again while another tab takes over. */
  readonly role: ReadonlySignal<'connecting' | 'leading' | 'following'>
  /** Null until the host has answered. */
  readonly view: ReadonlySignal<HostView | null>
  readonly calls: HostCalls
  /**
   * Asks; leaving the loop early cancels, and so does the signal, which ends the loop even while nothing comes. A
   * request that had not begun when the host went is asked again of the next.
   */
  ask(ask: Ask, signal?: AbortSignal): AsyncIterable<AskEvent>
  /** Watches the scheduler until disposed of. */
  watch(listener: (message: WatchMessage) => void): Disposable
}
