import type { Bytes, MemoryProfile } from '@berth/budget'

/** `/api/queue`: what Ollama's `/api/ps` has no room for. */
export interface BerthQueueResponse {
  /** Whose turn it is: `fair`, `fifo` or `shortest`. */
  readonly policy: string
  /** What is in memory or on its way there or out. */
  readonly runners: readonly {
    readonly model: string
    readonly state: string
    /** Why it is in this state. */
    readonly why: string
    readonly pinned: boolean
    /** Requests that run now, of as many as can at a time. */
    readonly running: number
    readonly slots: number
    readonly requests: readonly {
      /** Names it, to cancel it or to give it another class. */
      readonly request: string
      readonly class: string
      /** When it got its slot, in RFC 3339. */
      readonly since: string
      /** Whose it is; absent for who is not to know. */
      readonly client?: string
    }[]
  }[]
  /** Requests that wait, in the order in which they would be served as things are now. */
  readonly queue: readonly {
    /** Names it, to cancel it or to give it another class. */
    readonly request: string
    /** From 1. */
    readonly position: number
    readonly model: string
    readonly class: string
    readonly why: string
    /** RFC 3339. */
    readonly since: string
    /** RFC 3339; null while nothing is known to reckon it from. */
    readonly expected_start: string | null
    /** Whose it is; absent for who is not to know. */
    readonly client?: string
  }[]
}

/** `/api/berth/process`: what the server's process is, for whoever looks after it. */
export interface BerthProcessResponse {
  readonly pid: number
  readonly version: string
  readonly log: {
    readonly kind: 'file' | 'journal' | 'terminal' | 'pipe' | 'nowhere' | 'unknown'
    /** Of a file, where the system tells it. */
    readonly path?: string
  }
}

/** `/api/berth/runners/:id`: what a loaded model needs of memory, by layer, by slot and by token. */
export interface BerthRunnerResponse {
  readonly runner: string
  /** Of its files; 0 where that is not known. */
  readonly bytes: Bytes
  readonly profile: MemoryProfile
}
