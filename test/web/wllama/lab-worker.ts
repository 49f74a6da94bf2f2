import { place, type Device, type KvType } from '@berth/budget'
import {
  Abort,
  BackendError,
  errorData,
  type BackendErrorData,
  type GenerateJob,
  type LoadSpec,
  type Metrics,
  type Piece,
  type Purpose,
  type RunEnd,
  type Runner,
} from '@berth/scheduler'
import { backendContract, type ContractSubject } from '@berth/scheduler/testing'
import { expose } from 'comlink'
import { WllamaBackend, weightFiles, type GgufModel } from '../../../apps/web/src/wllama/index.js'
import { WllamaRunner } from '../../../apps/web/src/wllama/wllama-runner.js'

const RAM: Device = { id: 'ram', kind: 'ram', name: 'RAM', capacity: 4e9 }
const GPU: Device = { id: 'gpu', kind: 'gpu', name: 'GPU', capacity: 4e9 }

export interface LoadWish {
  readonly purpose?: Purpose
  readonly slots?: number
  readonly contextLength?: number
  readonly kvType?: KvType
  readonly threads?: number
}

export interface LabAnswer {
  readonly pieces: readonly Piece[]
  readonly text: string
  readonly end: RunEnd['how']
  readonly metrics: Metrics | undefined
  readonly error?: BackendErrorData
}

/** What the page can have done. Errors go over the border as data. */
class Lab {
  #models: readonly GgufModel[] = []
  readonly #log: string[] = []
  readonly #backend = new WllamaBackend({
    models: () => this.#models,
    log: (level, model, text) => void this.#log.push(`${level} ${model} ${text}`),
  })
  readonly #runners = new Map<string, Runner>()

  setModels(models: readonly GgufModel[]): void {
    this.#models = models
  }

  log(): readonly string[] {
    return this.#log
  }

  contractCases(): readonly string[] {
    return backendContract(this.#subject('', null)).map(({ name }) => name)
  }

  async runCase(name: string, model: string, embedder: string): Promise<void> {
    const subject = this.#subject(model, embedder)
    await backendContract(subject)
      .find((each) => each.name === name)
      ?.run(subject)
  }

  async load(model: string, wish: LoadWish = {}): Promise<readonly string[] | BackendErrorData> {
    const stages: string[] = []
    try {
      const spec = await this.#spec(model, wish)
      const runner = await this.#backend.load(spec, ({ stage }) => void stages.push(stage), new Abort())
      this.#runners.set(model, runner)
      return [...new Set(stages)]
    } catch (error) {
      return errorData(error)
    }
  }

  async unload(model: string): Promise<void> {
    await this.#runners.get(model)?.stop('now')
    this.#runners.delete(model)
  }

  /** Cancels at the n-th event (a piece or a report of progress), where that is wanted. */
  async ask(model: string, job: GenerateJob, cancelAt = Infinity): Promise<LabAnswer> {
    const run = this.#runner(model).start(job)
    let events = 0
    const event = (): void => {
      events += 1
      if (events === cancelAt) run.cancel()
    }
    run.onProgress(event)
    const pieces: Piece[] = []
    let error: BackendErrorData | undefined
    try {
      for await (const piece of run.pieces) {
        pieces.push(piece)
        event()
      }
    } catch (thrown) {
      error = errorData(thrown)
    }
    const end = await run.slotFree
    const text = pieces.map((piece) => (piece.type === 'text' ? piece.text : '')).join('')
    return { pieces, text, end: end.how, metrics: end.metrics, ...(error === undefined ? {} : { error }) }
  }

  /** Asks for a token after each of so many long prompts that have nothing in common; how each ended. */
  async askMany(model: string, count: number): Promise<readonly string[]> {
    const ends: string[] = []
    for (let at = 0; at < count; at += 1) {
      const text = `${String.fromCodePoint(0x21 + at).repeat(9)} ${'the quick brown fox jumps over '.repeat(20)}`
      const { end, error } = await this.ask(model, {
        kind: 'generate',
        prompt: { kind: 'raw', text },
        sampling: { temperature: 0 },
        maxTokens: 1,
        stop: [],
        overflow: { prompt: 'fail', answer: 'stop' },
      })
      ends.push(error?.message ?? end)
    }
    return ends
  }

  async countTokens(model: string, text: string): Promise<number> {
    return await this.#runner(model).countTokens(text)
  }

  /** What the budget thought that a load takes, and what the engine says it took. */
  async memory(model: string): Promise<{ readonly estimated: number; readonly measured: number }> {
    const runner = this.#runner(model)
    const [part] = runner.spec.placement.bytes
    let measured = 0
    runner.onMemory((bytes) => {
      measured = bytes.reduce((sum, each) => sum + each.bytes, 0)
    })
    await Promise.resolve()
    return { estimated: part?.bytes ?? 0, measured }
  }

  /** The names of a model's files that are stored, and of those that are not. */
  async stored(model: string): Promise<Readonly<Record<string, boolean>>> {
    const found = this.#models.find(({ id }) => id === model)
    const files = found === undefined ? [] : weightFiles(found)
    return Object.fromEntries(
      await Promise.all(files.map(async (file) => [file.name, await file.stored()] as const)),
    )
  }

  async deleteFile(model: string, name: string): Promise<void> {
    const found = this.#models.find(({ id }) => id === model)
    await (found === undefined ? [] : weightFiles(found)).find((file) => file.name === name)?.delete()
  }

  #runner(model: string): Runner {
    const runner = this.#runners.get(model)
    if (runner === undefined) throw new Error(`${model} is not loaded`)
    return runner
  }

  async #spec(model: string, wish: LoadWish): Promise<LoadSpec> {
    const { purpose = 'generate', slots = 1, contextLength = 512, kvType = 'f16', threads = 1 } = wish
    const profile = await this.#backend.profile(model, purpose)
    const room = [RAM, GPU].map((device) => ({ device, free: device.capacity }))
    const verdict = place(profile, { contextLength, slots, kvType }, room)
    if (!verdict.fits) throw new BackendError('out-of-memory', verdict.reason)
    const revision = this.#models.find(({ id }) => id === model)?.revision ?? ''
    const { placement } = verdict
    return { model, revision, purpose, contextLength, slots, kvType, adapters: [], placement, threads }
  }

  #subject(model: string, embedder: string | null): ContractSubject {
    return {
      backend: this.#backend,
      model,
      embedder: embedder ?? 'any',
      missing: 'none:such',
      slots: 2,
      spec: (id, purpose, slots) => this.#spec(id, { purpose, slots, contextLength: 1024 }),
      longPrompt: 'one two three four five six seven eight nine ten '.repeat(16),
      wait: (promise) => promise,
      crash: (runner) => {
        if (runner instanceof WllamaRunner) void runner.crash().catch(() => undefined)
      },
    }
  }
}

export type WllamaLab = Lab

expose(new Lab())
