import type { ModelId, RequestClass, RequestId } from '@berth/scheduler'
import type { WatchMessage } from '../../host/index.js'

/** Whose scheduler is shown. */
export interface Source {
  /** The address of a server; `browser` for this browser's own scheduler. */
  readonly id: string
  readonly name: string
  /** Follows it until disposed of; a connection that breaks is made anew. */
  watch(listener: SourceListener): Disposable
  readonly actions: Actions
}

export interface SourceListener {
  readonly message: (message: WatchMessage) => void
  readonly connection: (connection: Connection) => void
  readonly machine: (load: MachineLoad) => void
}

/** How it stands with the way to a source. */
export interface Connection {
  readonly state: 'connecting' | 'watching' | 'lost' | 'denied'
  /** For people to read, where it is lost or denied. */
  readonly why: string | null
  /** When it came into this state, milliseconds since 1970. */
  readonly since: number
  readonly rights: Rights
}

/** What the key (or the lack of one) lets one do. */
export interface Rights {
  /** Pin, unload, raise, and touch others' requests. */
  readonly admin: boolean
  /** Whose requests are one's own; null where all are. */
  readonly client: string | null
}

export interface MachineLoad {
  readonly cores: number
  /** From 0 to 1; null where nobody tells. */
  readonly busy: number | null
}

/** What can be done. Each rejects with an Error whose message is for people to read. */
export interface Actions {
  pin(model: ModelId, pinned: boolean): Promise<void>
  unload(model: ModelId): Promise<void>
  cancel(request: RequestId): Promise<void>
  reclass(request: RequestId, to: RequestClass): Promise<void>
}

export const ALL_RIGHTS: Rights = { admin: true, client: null }
