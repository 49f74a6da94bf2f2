import { BackendError, type EmbedJob, errorData, type GenerateJob, type Job } from '@berth/scheduler'
import type { LlamaEmbeddingContext } from 'node-llama-cpp'
import type { Id, ResumeFrom, RunOutcome } from '../protocol.js'
import type { ChatModel, ChatSlot } from './chat-model.js'
import { Embedding } from './embedding.js'
import { Generation, type Told } from './generation.js'
import type { Loaded } from './load-model.js'
import type { Outbox } from './outbox.js'
import { type ParkedGeneration, type ParkingPlace, removeParkedFile } from './parking-place.js'
import { chooseSlot } from './slots.js'
import type { ThreadShare } from './thread-share.js'

/** What can be done to a run from outside. */
interface Handle {
  interrupt(wish: 'cancel' | 'park'): void
}

/** All the runs of one child: gives each its slot, and tells how it ended once the slot is free. */
export class Runs {
  readonly #loaded: Loaded
  readonly #outbox: Outbox
  readonly #threads: ThreadShare
  readonly #embedLimit: number
  readonly #parking: ParkingPlace
  readonly #handles = new Map<Id, Handle>()
  readonly #busyContexts = new Set<LlamaEmbeddingContext>()

  /** @param embedLimit most tokens of a text to embed. */
  constructor(
    loaded: Loaded,
    outbox: Outbox,
    threads: ThreadShare,
    parking: ParkingPlace,
    embedLimit: number,
  ) {
    this.#loaded = loaded
    this.#outbox = outbox
    this.#threads = threads
    this.#parking = parking
    this.#embedLimit = embedLimit
  }

  /** Never throws: what goes wrong is the run's outcome. */
  async start(run: Id, job: Job, from: ResumeFrom | undefined): Promise<void> {
    const told: Told = {
      piece: (piece) => this.#outbox.piece(run, piece),
      progress: (progress) => this.#outbox.progress(run, progress),
    }
    let outcome: RunOutcome
    try {
      outcome =
        job.kind === 'embed' ? await this.#embed(run, job, told) : await this.#generate(run, job, from, told)
    } catch (error) {
      outcome = { how: 'failed', error: errorData(error) }
    }
    this.#handles.delete(run)
    this.#outbox.outcome(run, outcome)
  }

  /** For a run that is over it changes nothing. */
  interrupt(run: Id, wish: 'cancel' | 'park'): void {
    this.#handles.get(run)?.interrupt(wish)
  }

  forget(parked: Id): void {
    this.#parking.forget(parked)
  }

  discard(parked: Id): void {
    const found = this.#parking.take(parked)
    found?.generation.dispose()
    removeParkedFile(found?.file ?? null)
  }

  /** Without special tokens: what looks like one is text here. */
  countTokens(text: string): number {
    return this.#loaded.model.tokenize(text, false).length
  }

  /** Removes what would outlive the process. */
  clear(): void {
    this.#parking.clear()
  }

  async #generate(run: Id, job: GenerateJob, from: ResumeFrom | undefined, told: Told): Promise<RunOutcome> {
    if (this.#loaded.purpose !== 'generate') {
      throw new BackendError('unsupported', 'This model is loaded for embeddings and does not generate')
    }
    const { chat } = this.#loaded
    // Whatever arrives before the job is ready is kept for it.
    let early: 'cancel' | 'park' | null = null
    this.#handles.set(run, {
      interrupt: (wish) => {
        if (early !== 'cancel') early = wish
      },
    })
    const { generation, file } = await this.#prepared(chat, job, from)
    this.#handles.set(run, generation)
    if (early !== null) generation.interrupt(early)
    let keep = false
    const slot = chooseSlot(
      chat.slots.filter(({ busy }) => !busy),
      generation.tokens,
    )
    try {
      if (slot === null) throw new BackendError('engine', 'Every slot of the runner is busy')
      slot.busy = true
      const end = await generation.runIn(slot, told, file)
      if (end === 'cancel') return { how: 'cancelled', metrics: generation.metrics }
      if (end === 'finished') {
        const { finishedPiece } = generation
        told.piece(finishedPiece)
        return { how: 'finished', reason: finishedPiece.reason, metrics: finishedPiece.metrics }
      }
      keep = true
      return await this.#park(run, chat, slot, generation)
    } catch (error) {
      keep = false
      if (slot !== null) await wipe(chat, slot)
      throw error
    } finally {
      removeParkedFile(file)
      if (!keep) generation.dispose()
      if (slot !== null) slot.busy = false
    }
  }

  async #prepared(
    chat: ChatModel,
    job: GenerateJob,
    from: ResumeFrom | undefined,
  ): Promise<ParkedGeneration> {
    if (from === undefined) return { generation: await Generation.prepare(chat, job), file: null }
    const parked = from.parked === undefined ? null : this.#parking.take(from.parked)
    return parked ?? { generation: await Generation.prepare(chat, job, from.state), file: null }
  }

  async #park(run: Id, chat: ChatModel, { sequence }: ChatSlot, generation: Generation): Promise<RunOutcome> {
    const startedAt = performance.now()
    const tokens = sequence.nextTokenIndex
    const file = tokens > 0 ? await this.#save(chat, sequence) : null
    const bytes = this.#parking.put(run, { generation, file })
    const { metrics, state, waited: steps } = generation
    const ms = performance.now() - startedAt
    return {
      how: 'parked',
      metrics,
      parked: run,
      state,
      tokens: file === null ? 0 : tokens,
      bytes,
      steps,
      ms,
    }
  }

  /** Null where there is no room on the disk: the job is computed again then, for its KV is not worth losing it. */
  async #save(chat: ChatModel, sequence: ChatSlot['sequence']): Promise<string | null> {
    let path: string | null = null
    try {
      const file = this.#parking.nextFile()
      path = file
      await chat.batching.whilePaused(() => sequence.saveStateToFile(file))
      return file
    } catch {
      removeParkedFile(path)
      return null
    }
  }

  async #embed(run: Id, job: EmbedJob, told: Told): Promise<RunOutcome> {
    if (this.#loaded.purpose !== 'embed') {
      throw new BackendError('unsupported', 'This model is loaded to generate and does not embed')
    }
    const context = this.#loaded.contexts.find((candidate) => !this.#busyContexts.has(candidate))
    if (context === undefined) throw new BackendError('engine', 'Every slot of the runner is busy')
    const embedding = new Embedding(this.#loaded.model, context, job, this.#embedLimit)
    this.#handles.set(run, { interrupt: () => embedding.cancel() })
    this.#busyContexts.add(context)
    this.#threads.tick()
    try {
      const end = await embedding.run(told)
      const { metrics } = embedding
      return end === 'cancel' ? { how: 'cancelled', metrics } : { how: 'finished', reason: 'stop', metrics }
    } finally {
      this.#busyContexts.delete(context)
    }
  }
}

/** A failed decode may have left half of a batch behind. */
async function wipe(chat: ChatModel, { sequence }: ChatSlot): Promise<void> {
  if (sequence.nextTokenIndex > 0) await chat.batching.whilePaused(() => sequence.clearHistory())
}
