/** `/api/queue`: what Ollama's `/api/ps` has no room for. */
export interface BerthQueueResponse {
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
  }[]
  /** Requests that wait, in the order in which they would be served as things are now. */
  readonly queue: readonly {
    /** From 1. */
    readonly position: number
    readonly model: string
    readonly class: string
    readonly why: string
    /** RFC 3339. */
    readonly since: string
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
