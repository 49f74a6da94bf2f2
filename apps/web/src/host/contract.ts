import type { Bytes, MemoryProfile, Tokens } from '@berth/budget'
import type {
  BackendErrorData,
  GenerateJob,
  LoadWish,
  ModelId,
  Piece,
  RequestClass,
  RequestId,
  SchedulerErrorCode,
  SchedulerEvent,
  Snapshot,
} from '@berth/scheduler'

/**
 * What a tab and the host say to each other. The host is one worker per browser: it runs the scheduler and the
 * engines for all tabs (tabs/ finds it). Everything here is plain data, so that it can be sent.
 */

/** Where a model runs. */
export type Place = 'browser' | 'server'

export type EngineName = 'webllm' | 'wllama' | 'remote'

/** Whether a model can run here, judged against this machine with nothing else loaded. */
export interface Fit {
  /** `tight`: fits, with little to spare or by a guess; `unknown`: not ours to know, as with a server's. */
  readonly verdict: 'fits' | 'tight' | 'does-not-fit' | 'unknown'
  /** For people to read: "needs 1.1 GiB of 4.0 GiB", "needs shader-f16, which this GPU does not have". */
  readonly why: string
}

/** How much of a model is on this machine's disk. `elsewhere`: a server's, nothing to download. */
export interface Stored {
  readonly state: 'absent' | 'partial' | 'stored' | 'elsewhere'
  readonly bytes: Bytes
}

export type Capability = 'chat' | 'embed' | 'tools' | 'thinking' | 'vision'

/** One model in one place, as the page lists it. */
export interface ModelCard {
  /** Names it in the scheduler: unique over all places. */
  readonly id: ModelId
  /** As people know it, such as "SmolLM2-135M-Instruct". */
  readonly name: string
  /** The same for the same model in several places, so that "automatic" can choose between them. */
  readonly family: string
  readonly place: Place
  readonly engine: EngineName
  /** Whose it is: "this browser", "this server", or a server's address. */
  readonly from: string
  /** Of its files; 0 where nobody tells. */
  readonly bytes: Bytes
  /** Whether `bytes` is reckoned from the name, to some percent: its list does not tell. */
  readonly bytesGuessed?: boolean
  /** 135_000_000; null where nobody tells. */
  readonly parameters: number | null
  readonly quantization: string | null
  readonly license: string | null
  /** Tokens it was made for; null where nobody tells. */
  readonly contextLength: Tokens | null
  readonly capabilities: readonly Capability[]
  readonly fit: Fit
  /** What it needs of memory, where that is known before anything of it has been fetched. */
  readonly profile?: MemoryProfile
  readonly stored: Stored
  /** Whether it is loaded now, here or on its server. */
  readonly loaded: boolean
}

/** Where a conversation wants to be answered. `auto`: where its model is loaded, else where it fits. */
export type Where = 'auto' | Place

/** A request of a tab. */
export interface Ask {
  /** Made by the tab (a UUID); names the request ever after, also to the next host. */
  readonly id: string
  /** A model of the list; `family` and `where` may lead to the same one in another place. */
  readonly model: ModelId
  readonly where: Where
  readonly job: GenerateJob
  readonly wish?: LoadWish
  readonly keepAliveMs?: number
}

/** Why a request ended without its answer: the scheduler's words, a backend's, or the host's own. */
export type AskError =
  | { readonly from: 'scheduler'; readonly code: SchedulerErrorCode; readonly message: string }
  | ({ readonly from: 'backend' } & BackendErrorData)
  /** `host-gone`: the leading tab closed after the answer had begun. */
  | { readonly from: 'host'; readonly code: 'host-gone' | 'bad-ask'; readonly message: string }

/** What a tab hears about its request, in order; ends with `finished` (a piece) or `failed`. */
export type AskEvent =
  /** Said again when something changes. `loading` is of the model that it waits for. */
  | {
      readonly type: 'waiting'
      readonly position: number
      readonly why: string
      readonly loading: LoadingView | null
    }
  | { readonly type: 'started'; readonly model: ModelId; readonly waitedMs: number }
  /** How far the prompt is. */
  | { readonly type: 'prompt'; readonly tokens: Tokens; readonly of: Tokens }
  /** Several that came together; text pieces of one frame are joined. */
  | { readonly type: 'pieces'; readonly pieces: readonly Piece[] }
  | { readonly type: 'failed'; readonly error: AskError }

export interface LoadingView {
  /** From 0 to 1, never backwards. */
  readonly fraction: number
  readonly stage: 'starting' | 'fetching' | 'reading' | 'compiling' | 'checking'
  readonly loadedBytes?: Bytes
  readonly totalBytes?: Bytes
  /** Milliseconds left, by the rate so far; null while that is too early to say. */
  readonly leftMs: number | null
}

/** A download, running or not; it survives a reload. */
export interface Download {
  readonly model: ModelId
  readonly state: 'running' | 'paused' | 'failed'
  readonly loadedBytes: Bytes
  readonly totalBytes: Bytes
  readonly files: { readonly done: number; readonly of: number }
  readonly leftMs: number | null
  /** With `failed`: what happened and what to do, such as what to free when the quota is exceeded. */
  readonly error?: string
}

/** Disk space of this origin. */
export interface StorageView {
  readonly usedBytes: Bytes
  readonly quotaBytes: Bytes
  /** Whether the browser has promised not to clear it by itself. */
  readonly persistent: boolean
}

/** What the machine is thought to have, and why. */
export interface MachineView {
  readonly gpu: {
    readonly name: string
    readonly software: boolean
    readonly features: readonly string[]
    readonly maxBufferBytes: Bytes
    /** What the budget gives models: the user's setting, else what was learned, else a guess. */
    readonly budgetBytes: Bytes
    readonly budgetFrom: 'setting' | 'learned' | 'guess'
  } | null
  /** Why there is no GPU. */
  readonly noGpu: string | null
  readonly ram: { readonly budgetBytes: Bytes; readonly budgetFrom: 'setting' | 'learned' | 'guess' }
  readonly cores: number
  readonly threads: boolean
}

/** A server whose models are in the list. */
export interface ServerView {
  readonly name: string
  readonly address: string
  readonly state: 'connecting' | 'connected' | 'unreachable' | 'denied'
  /** For people to read, where it is not connected. */
  readonly why: string | null
}

/** All that a tab shows of the host, but for answers; sent whole, then by parts as they change. */
export interface HostView {
  readonly models: readonly ModelCard[]
  readonly downloads: readonly Download[]
  readonly storage: StorageView | null
  readonly machine: MachineView
  readonly servers: readonly ServerView[]
}

/** What a tab can ask of the host beside answers. Rejects with an Error whose message is for people to read. */
export interface HostCalls {
  /** Fetches a model's files for later; one that is paused or failed goes on where it stopped. */
  download(model: ModelId): Promise<void>
  pauseDownload(model: ModelId): Promise<void>
  /** Ends a download and throws away what it had. */
  cancelDownload(model: ModelId): Promise<void>
  /** Deletes a model's files from this browser; it is unloaded first. */
  deleteModel(model: ModelId): Promise<void>
  /** Loads a model without a job, so that the next answer is quick. */
  preload(model: ModelId): Promise<void>
  unload(model: ModelId): Promise<void>
  pin(model: ModelId, pinned: boolean): Promise<void>
  /** Ends a request of the scheduler's, whichever tab's it is, wherever it is; one that is over already stays as it is. */
  cancelRequest(id: RequestId): Promise<void>
  /** Raises or lowers a request; one that is over already stays as it is. */
  reclass(id: RequestId, to: RequestClass): Promise<void>
  /** To be called after settings were stored (storage/): budgets, servers and model addresses are read anew. */
  settingsChanged(): Promise<void>
  /** Reads catalogs and storage again. */
  refresh(): Promise<void>
}

/** The scheduler as it is to be watched: a snapshot, then all events after it, a batch a frame, and a snapshot again now and then. */
export type WatchMessage =
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly type: 'events'; readonly events: readonly SchedulerEvent[] }
