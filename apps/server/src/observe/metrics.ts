import type { SchedulerEvent } from '@berth/scheduler'
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { Watched } from './event-stream.js'
import type { CountRequest } from './request-log.js'

const SECONDS = [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300]

/** Prometheus metrics: counters follow the scheduler's events, gauges are read when somebody asks. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #httpRequests = this.#counter('berth_http_requests_total', 'HTTP requests answered', [
    'method',
    'route',
    'status',
  ])
  readonly #httpSeconds = this.#histogram(
    'berth_http_request_seconds',
    'From a request to the end of its answer',
    ['method', 'route'],
  )
  readonly #requests = this.#counter('berth_requests_total', 'Requests to models, by how they ended', [
    'model',
    'outcome',
  ])
  readonly #promptTokens = this.#counter('berth_prompt_tokens_total', 'Tokens of prompts', ['model'])
  readonly #cachedTokens = this.#counter(
    'berth_prompt_cached_tokens_total',
    'Of them, found in the KV cache',
    ['model'],
  )
  readonly #decodedTokens = this.#counter('berth_decoded_tokens_total', 'Tokens of answers', ['model'])
  readonly #promptSeconds = this.#counter(
    'berth_prompt_seconds_total',
    'Time in the engine from a request to its first token',
    ['model'],
  )
  readonly #decodeSeconds = this.#counter(
    'berth_decode_seconds_total',
    'Time in the engine from the first token to the last',
    ['model'],
  )
  readonly #waitSeconds = this.#histogram(
    'berth_wait_seconds',
    'From a request to its slot: queueing and loading',
    ['model'],
  )
  readonly #loads = this.#counter('berth_loads_total', 'Models loaded', ['model'])
  readonly #loadSeconds = this.#histogram('berth_load_seconds', 'What loads took', ['model'])
  readonly #leaves = this.#counter('berth_unloads_total', 'Models that left memory, by how', ['model', 'how'])
  /** When each load began, by runner. */
  readonly #loading = new Map<string, number>()

  constructor(scheduler: Watched) {
    collectDefaultMetrics({ register: this.#registry })
    this.#gauge('berth_queue_length', 'Requests that wait', [], (gauge) =>
      gauge.set(scheduler.snapshot().queue.length),
    )
    this.#gauge('berth_runners', 'Models in memory, by state', ['state'], (gauge) => {
      gauge.reset()
      for (const { state } of scheduler.snapshot().runners) gauge.inc({ state })
    })
    this.#gauge('berth_running', 'Requests that run', ['model'], (gauge) => {
      gauge.reset()
      for (const { model, running } of scheduler.snapshot().runners) gauge.inc({ model }, running.length)
    })
    this.#gauge('berth_model_bytes', 'Memory that models hold, by device', ['model', 'device'], (gauge) => {
      gauge.reset()
      for (const { model, bytes } of scheduler.snapshot().runners) {
        for (const { device, bytes: held } of bytes) gauge.inc({ model, device }, held)
      }
    })
  }

  readonly countRequest: CountRequest = ({ method, route, status, seconds }) => {
    this.#httpRequests.inc({ method, route, status: String(status) })
    this.#httpSeconds.observe({ method, route }, seconds)
  }

  /** To be called with each of the scheduler's events. */
  readonly count = (event: SchedulerEvent): void => {
    const { model } = event
    switch (event.type) {
      case 'running':
        this.#waitSeconds.observe({ model }, event.waitedMs / 1000)
        break
      case 'finished':
        this.#requests.inc({ model, outcome: 'finished' })
        if (event.metrics === null) break
        this.#promptTokens.inc({ model }, event.metrics.promptTokens)
        this.#cachedTokens.inc({ model }, event.metrics.cachedTokens)
        this.#decodedTokens.inc({ model }, event.metrics.decodedTokens)
        this.#promptSeconds.inc({ model }, event.metrics.promptMs / 1000)
        this.#decodeSeconds.inc({ model }, event.metrics.decodeMs / 1000)
        break
      case 'cancelled':
      case 'failed':
        this.#requests.inc({ model, outcome: event.type })
        break
      case 'refused':
        // Names of models that are none come from outside, without end.
        this.#requests.inc({ model: event.code === 'unknown-model' ? '' : model, outcome: event.code })
        break
      case 'state':
        this.#countState(event)
        break
      case 'evicted':
      case 'lost':
        this.#leaves.inc({ model, how: event.type })
        break
      case 'load-failed':
        this.#loading.delete(event.runner)
        this.#leaves.inc({ model, how: event.type })
        break
      case 'queued':
      case 'waiting':
      case 'progress':
      case 'preempted':
      case 'reclassed':
      case 'retried':
      case 'loading':
      case 'measured':
      case 'draining':
      case 'pinned':
        break
      default:
        event satisfies never
    }
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  async text(): Promise<string> {
    return await this.#registry.metrics()
  }

  #countState({ runner, model, to, from, at }: SchedulerEvent & { type: 'state' }): void {
    if (to === 'loading') this.#loading.set(runner, at)
    if (to === 'idle') this.#loading.delete(runner)
    const since = this.#loading.get(runner)
    if (from !== 'loading' || to !== 'ready' || since === undefined) return
    this.#loading.delete(runner)
    this.#loads.inc({ model })
    this.#loadSeconds.observe({ model }, (at - since) / 1000)
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] })
  }

  #histogram<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
  ): Histogram<Label> {
    return new Histogram({ name, help, labelNames, buckets: SECONDS, registers: [this.#registry] })
  }

  #gauge<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    read: (gauge: Gauge<Label>) => void,
  ): void {
    const gauge: Gauge<Label> = new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect: () => read(gauge),
    })
  }
}
