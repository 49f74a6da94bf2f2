import type { Bytes, Tokens } from '@berth/budget'
import type { ModelId, Purpose } from '../backend.js'
import type { Metrics } from '../piece.js'
import type { SchedulerRequest } from '../request.js'
import { Arrivals } from './arrivals.js'
import { promptSize } from './prompt-size.js'
import { Ratio } from './ratio.js'
import { RecentMap } from './recent-map.js'

/** Most models, and most pairs of a client and a model, that are remembered. */
const MODELS = 1_000
const PAIRS = 10_000

/** What is expected before anything was measured: a gigabyte a second from disk, and a middling GPU. */
const LOAD_MS_A_BYTE = 1e-6
const PREFILL_MS_A_TOKEN = 1
const DECODE_MS_A_TOKEN = 25
const ANSWER_TOKENS = 256

/** A model and what it is loaded for; lines, requests and runners are such. */
export interface ModelKey {
  readonly model: ModelId
  readonly purpose: Purpose
}

/** What a request is expected to take in its slot. */
export interface Work {
  readonly promptTokens: Tokens
  readonly decodeTokens: Tokens
  readonly ms: number
}

interface Learned {
  /** Of this model's loads: milliseconds each. */
  readonly load: Ratio
  readonly prefill: Ratio
  readonly decode: Ratio
  /** Tokens of an answer. */
  readonly answer: Ratio
  /** Milliseconds that a job has its slot. */
  readonly job: Ratio
  readonly arrivals: Arrivals
}

/**
 * What is to be expected, learned from what happened: how long loads and answers take, and when a model is
 * wanted again. Of each model and client it keeps some figures, and of few enough of them that its memory is
 * bounded. It has no clock: who asks says when. Nothing it says is a promise.
 */
export class Forecast {
  readonly #models = new RecentMap<string, Learned>(MODELS)
  /** Tokens of an answer, by client and model. */
  readonly #answers = new RecentMap<string, Ratio>(PAIRS)
  /** Of all models, for those that are new. */
  readonly #all = newLearned()
  /** Milliseconds a byte, over all models' loads. */
  readonly #loadRate = new Ratio()

  // What is expected

  /** Milliseconds that a load takes: as this model's loads took, else by its bytes as all loads did. */
  loadMs(of: ModelKey, bytes: Bytes): number {
    return this.#of(of)?.load.value ?? bytes * (this.#loadRate.value ?? LOAD_MS_A_BYTE)
  }

  /** What a request takes: its prompt by its length, its answer as long as this client's of this model were, else this model's, else all. @param known its prompt's length, where that was reckoned before */
  work(request: SchedulerRequest, known?: Tokens): Work {
    const { job } = request
    if (job === undefined) return { promptTokens: 0, decodeTokens: 0, ms: 0 }
    const promptTokens = known ?? request.promptTokens ?? promptSize(job)
    const decodeTokens = job.kind === 'embed' ? 0 : this.#answerTokens(request, job.maxTokens)
    return { promptTokens, decodeTokens, ms: this.computeMs(request, promptTokens, decodeTokens) }
  }

  /** Milliseconds that so many tokens take in a slot. */
  computeMs(of: ModelKey, promptTokens: Tokens, decodeTokens: Tokens): number {
    const learned = this.#of(of)
    const prefill = learned?.prefill.value ?? this.#all.prefill.value ?? PREFILL_MS_A_TOKEN
    const decode = learned?.decode.value ?? this.#all.decode.value ?? DECODE_MS_A_TOKEN
    return promptTokens * prefill + decodeTokens * decode
  }

  /** Milliseconds that this model's jobs have their slots, on an average; null before the first one ended of any model. */
  jobMs(of: ModelKey): number | null {
    return this.#of(of)?.job.value ?? this.#all.job.value
  }

  /** Milliseconds until a model is wanted again; null where nothing says that it is. @param except a client whose requests do not count. */
  nextUseInMs(of: ModelKey, now: number, except?: string): number | null {
    return this.#of(of)?.arrivals.nextInMs(now, except) ?? null
  }

  /** How likely a model is wanted again within so many milliseconds, from 0 to 1; 0 where nothing says that it is. */
  likelihood(of: ModelKey, withinMs: number, now: number, except?: string): number {
    return this.#of(of)?.arrivals.likelihood(withinMs, now, except) ?? 0
  }

  /** Requests for a model a millisecond, lately. */
  rate(of: ModelKey, now: number): number {
    return this.#of(of)?.arrivals.rate(now) ?? 0
  }

  /** Milliseconds between a model's remembered requests, in the order in which they came. */
  gaps(of: ModelKey): readonly number[] {
    return this.#of(of)?.arrivals.gaps() ?? []
  }

  // What happened

  /** A request came. */
  arrived(of: ModelKey, at: number, client: string): void {
    this.#learn(of).arrivals.add(at, client)
  }

  loaded(of: ModelKey, bytes: Bytes, ms: number): void {
    this.#learn(of).load.add(ms, 1)
    this.#loadRate.add(ms, bytes)
  }

  /** A job ended by itself. @param slotMs how long it had its slot */
  answered(request: SchedulerRequest, metrics: Metrics, slotMs: number): void {
    const computed = metrics.promptTokens - metrics.cachedTokens
    for (const learned of [this.#learn(request), this.#all]) {
      learned.prefill.add(metrics.promptMs, computed)
      learned.decode.add(metrics.decodeMs, metrics.decodedTokens)
      learned.job.add(slotMs, 1)
      if (request.job?.kind === 'generate') learned.answer.add(metrics.decodedTokens, 1)
    }
    if (request.job?.kind !== 'generate') return
    this.#answers.use(pair(request), () => new Ratio()).add(metrics.decodedTokens, 1)
  }

  #answerTokens(request: SchedulerRequest, maxTokens: Tokens | undefined): Tokens {
    const expected =
      this.#answers.get(pair(request))?.value ??
      this.#of(request)?.answer.value ??
      this.#all.answer.value ??
      ANSWER_TOKENS
    return Math.min(expected, maxTokens ?? Infinity)
  }

  #of(of: ModelKey): Learned | undefined {
    return this.#models.get(key(of))
  }

  #learn(of: ModelKey): Learned {
    return this.#models.use(key(of), newLearned)
  }
}

function newLearned(): Learned {
  return {
    load: new Ratio(),
    prefill: new Ratio(),
    decode: new Ratio(),
    answer: new Ratio(),
    job: new Ratio(),
    arrivals: new Arrivals(),
  }
}

function key({ model, purpose }: ModelKey): string {
  return purpose === 'embed' ? `embed ${model}` : model
}

/** A line break is in no name of a model that any store has. */
function pair(request: SchedulerRequest): string {
  return `${key(request)}\n${request.client ?? 'local'}`
}
