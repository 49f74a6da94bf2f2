import { BackendError } from '@berth/scheduler'
import { MLCEngine } from '@mlc-ai/web-llm'
import { isEmbedder, seesImages } from '../model.js'
import type { FromWorker, Loaded, LoadRequest, RunId, Work, WorkerApi } from '../protocol.js'
import { Embedding } from './embedding.js'
import { loadError, memoryError, runError } from './errors.js'
import { Generation, type LoadedModel, type Tell } from './generation.js'
import { GpuMemory } from './gpu-memory.js'
import { embeddingPipelineOf, hook, pipelineOf, type EmbeddingPipeline, type Pipeline } from './internals.js'
import { stageOf } from './load-progress.js'

/** A device's loss is told a moment after what it made fail. */
const LOSS_MS = 500

/** The worker's side: one engine with one model, and one run at a time. */
export class EngineHost implements WorkerApi {
  readonly #engine = new MLCEngine({ logLevel: 'SILENT' })
  readonly #memory = new GpuMemory((bytes) => this.#tell({ type: 'memory', bytes }))
  #port: MessagePort | null = null
  #model: { readonly id: string; readonly pipeline: Pipeline; readonly seesImages: boolean } | null = null
  #embeds: EmbeddingPipeline | null = null
  #run: { readonly id: RunId; readonly work: Generation | Embedding } | null = null
  /** Runs begin in order: one that is being called off ends before the next begins. */
  #last: Promise<void> = Promise.resolve()
  /** Runs that have not begun, and what was asked of them. */
  readonly #waiting = new Map<RunId, 'cancel' | 'park' | null>()
  #unloading = false

  hold(lock: string): Promise<void> {
    return new Promise((held) => {
      void navigator.locks.request(lock, () => {
        held()
        return new Promise(() => undefined)
      })
    })
  }

  async load(request: LoadRequest, port: MessagePort): Promise<Loaded> {
    this.#port = port
    const lost = this.#memory.lost.then((info) => {
      throw new DeviceLost(info.message)
    })
    try {
      await Promise.race([this.#load(request), lost])
      this.#memory.settle()
      void lost.catch((error: DeviceLost) => {
        if (!this.#unloading) this.#tell({ type: 'device-lost', why: error.message })
      })
      return { ok: true }
    } catch (error) {
      const { peak } = this.#memory
      if (!(await this.#isLost())) return { ok: false, error: loadError(error) }
      const { message } = await this.#memory.lost
      return { ok: false, error: memoryError(peak, message) }
    }
  }

  start(run: RunId, work: Work): void {
    this.#waiting.set(run, null)
    this.#last = this.#last.then(() => this.#runNow(run, work))
  }

  cancel(run: RunId): void {
    this.#interrupt(run, 'cancel')
  }

  park(run: RunId): void {
    this.#interrupt(run, 'park')
  }

  countTokens(text: string): number {
    const pipeline = this.#model?.pipeline ?? this.#embeds
    if (pipeline === null) throw new Error('no model is loaded')
    return pipeline.tokenizer.encode(text).length
  }

  async unload(): Promise<void> {
    this.#unloading = true
    await this.#engine.unload()
  }

  async #load({ record, contextLength, promptChunk, purpose }: LoadRequest): Promise<void> {
    const engine = this.#engine
    engine.setAppConfig({ model_list: [record], cacheBackend: 'indexeddb' })
    engine.setInitProgressCallback((report) => this.#tell({ type: 'loading', ...stageOf(report) }))
    const id = record.model_id
    await engine.reload(
      id,
      contextLength === null ? {} : { context_window_size: contextLength, sliding_window_size: -1 },
    )
    this.#tell({ type: 'loading', stage: 'checking', fraction: 0 })
    if (purpose === 'embed' || isEmbedder(record)) {
      this.#embeds = embeddingPipelineOf(engine, id)
      await engine.embeddings.create({ input: 'a' })
      return
    }
    const pipeline = pipelineOf(engine, id)
    pipeline.prefillChunkSize = Math.min(pipeline.prefillChunkSize, promptChunk)
    await engine.completions.create({ prompt: 'a', max_tokens: 1, temperature: 0 })
    pipeline.resetChat()
    hook(pipeline, () => (this.#run?.work instanceof Generation ? this.#run.work : null))
    this.#model = { id, pipeline, seesImages: seesImages(record) }
  }

  async #runNow(id: RunId, work: Work): Promise<void> {
    const wish = this.#waiting.get(id) ?? null
    this.#waiting.delete(id)
    const tell: Tell = (pieces, progress) => this.#tell({ type: 'run', run: id, pieces, progress })
    try {
      const running = this.#prepare(work, tell)
      this.#run = { id, work: running }
      if (wish !== null) running.interrupt(wish)
      const outcome = await running.run()
      // Then the runner hears of the loss, which is what ends the run.
      if (outcome.how === 'failed' && (await this.#isLost())) return
      this.#tell({ type: 'run', run: id, pieces: [], outcome })
    } catch (error) {
      this.#tell({ type: 'run', run: id, pieces: [], outcome: { how: 'failed', error: runError(error) } })
    } finally {
      this.#run = null
    }
  }

  #prepare(work: Work, tell: Tell): Generation | Embedding {
    if (work.kind === 'embed') {
      if (this.#embeds === null)
        throw new BackendError('unsupported', 'This model generates, and does not embed')
      return new Embedding(this.#engine, this.#embeds, work, tell)
    }
    if (this.#model === null)
      throw new BackendError('unsupported', 'This model embeds, and does not generate')
    const model: LoadedModel = { ...this.#model, engine: this.#engine }
    return new Generation(model, work.job, tell, work.from ?? null)
  }

  /** Whether the device is behind a failure, of which it tells a moment later. */
  async #isLost(): Promise<boolean> {
    return (await Promise.race([this.#memory.lost, after(LOSS_MS)])) !== undefined
  }

  #interrupt(run: RunId, wish: 'cancel' | 'park'): void {
    if (this.#run?.id === run) this.#run.work.interrupt(wish)
    else if (this.#waiting.has(run) && this.#waiting.get(run) !== 'cancel') this.#waiting.set(run, wish)
  }

  #tell(message: FromWorker): void {
    this.#port?.postMessage(message)
  }
}

class DeviceLost extends Error {}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
