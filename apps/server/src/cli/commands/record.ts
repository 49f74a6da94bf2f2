import { once } from 'node:events'
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { sseEvents, type BerthRunnerResponse } from '@berth/protocol'
import type { Purpose, SchedulerEvent, Snapshot } from '@berth/scheduler'
import {
  TRACE_VERSION,
  TraceRecorder,
  traceText,
  type TraceLine,
  type TraceModel,
} from '@berth/scheduler/simulation'
import { CliError } from '../cli-error.js'
import type { Client } from '../client.js'
import type { CommandContext } from '../command-context.js'

export interface RecordOptions {
  /** Milliseconds; absent: until it is interrupted. */
  readonly for?: number
  /** Keep clients' names. */
  readonly names?: boolean
}

/** How long what has happened by Ctrl-C is waited for. */
const CATCH_UP_MS = 5_000

/**
 * Writes down when requests come and how long they turn out to be, for the simulator; never what they say.
 * Models' facts are known only later than their first requests, so that these are kept aside until the end.
 */
export async function record(
  { client, out, json, interrupted }: CommandContext,
  file: string,
  options: RecordOptions,
): Promise<void> {
  const aside = `${file}.part`
  const requests = await writerOf(aside)
  const over = options.for === undefined ? [] : [AbortSignal.timeout(options.for)]
  const until = AbortSignal.any([interrupted, ...over])
  try {
    const recording = new Recording(client, requests, options.names ?? false, () => {
      const forSoLong = options.for === undefined ? '' : ` for ${Math.round(options.for / 1000)} s`
      out.note(`Recording${forSoLong}; Ctrl-C ends it and writes ${file}.`)
    })
    await recording.follow(until)
    requests.end()
    await once(requests, 'close')
    const result = await recording.write(file, aside)
    if (json) out.json({ file, ...result })
    else {
      const { requests: count, models, leftOut } = result
      const without = leftOut === 0 ? '' : `; ${leftOut} that never began, or of unknown models, are left out`
      out.line(`${file}: ${count} requests for ${models} models${without}`)
    }
  } finally {
    requests.destroy()
    await rm(aside, { force: true })
  }
}

interface Result {
  readonly requests: number
  readonly models: number
  readonly leftOut: number
}

/** One recording: reads the server's events, and asks for what they leave out. */
class Recording {
  readonly #client: Client
  readonly #requests: WriteStream
  readonly #names: boolean
  readonly #begun: () => void
  readonly #asking = new Set<Promise<void>>()
  #recorder: TraceRecorder | null = null
  #from = 0
  #lastAt = 0
  #seq = 0

  /** @param begun called when nothing that comes from now on is missed. */
  constructor(client: Client, requests: WriteStream, names: boolean, begun: () => void) {
    this.#client = client
    this.#requests = requests
    this.#names = names
    this.#begun = begun
  }

  /** Until the signal, or the end of the server; what happened before the signal is waited for. */
  async follow(until: AbortSignal): Promise<void> {
    const enough = new AbortController()
    const end = (): void => void this.#untilCaughtUp().finally(() => enough.abort())
    until.addEventListener('abort', end, { once: true })
    try {
      for await (const { event, data } of sseEvents(await this.#client.text('/api/events', enough.signal))) {
        if (event === 'snapshot') {
          const snapshot: Snapshot = JSON.parse(data)
          this.#begin(snapshot)
        } else if (event !== 'machine') {
          const happened: SchedulerEvent = JSON.parse(data)
          await this.#hear(happened)
        }
      }
    } catch (error) {
      if (!enough.signal.aborted) throw error
    } finally {
      until.removeEventListener('abort', end)
    }
    await Promise.all(this.#asking)
  }

  /** Resolves when all has been heard that has happened by now, or after a bound. */
  async #untilCaughtUp(): Promise<void> {
    const late = AbortSignal.timeout(CATCH_UP_MS)
    try {
      const { seq } = await this.#client.json<Snapshot>('GET', '/api/berth/snapshot', undefined, late)
      while (this.#seq < seq && !late.aborted) await wait(20)
    } catch {
      // The server is gone, or busy with other things; what was heard is enough.
    }
  }

  /** Puts header, models and requests together. */
  async write(file: string, aside: string): Promise<Result> {
    const models = this.#recorder?.models() ?? []
    const known = new Set(models.map(({ model }) => model))
    const whole = `${file}.whole`
    const trace = await writerOf(whole)
    const put = async (line: TraceLine): Promise<void> => {
      if (!trace.write(`${traceText(line)}\n`)) await once(trace, 'drain')
    }
    await put({ type: 'trace', version: TRACE_VERSION, source: `recorded at ${new Date().toISOString()}` })
    for (const model of models) await put(model)
    let [requests, unknown] = [0, 0]
    for await (const text of createInterface({ input: createReadStream(aside) })) {
      const { model }: Pick<TraceModel, 'model'> = JSON.parse(text)
      if (!known.has(model)) {
        unknown += 1
        continue
      }
      requests += 1
      if (!trace.write(`${text}\n`)) await once(trace, 'drain')
    }
    await put({ type: 'end', at: Math.max(0, this.#lastAt - this.#from) })
    trace.end()
    await once(trace, 'close')
    await rename(whole, file)
    return { requests, models: models.length, leftOut: unknown + (this.#recorder?.leftOut ?? 0) }
  }

  #begin(snapshot: Snapshot): void {
    this.#recorder = new TraceRecorder(snapshot, { keepNames: this.#names })
    this.#from = snapshot.at
    this.#lastAt = snapshot.at
    this.#seq = snapshot.seq
    for (const { id, model, purpose } of snapshot.runners) this.#ask(id, model, purpose)
    this.#begun()
  }

  async #hear(event: SchedulerEvent): Promise<void> {
    this.#lastAt = event.at
    this.#seq = event.seq
    if (event.type === 'state' && event.to === 'loading') this.#ask(event.runner, event.model, event.purpose)
    const lines = this.#recorder?.hear(event) ?? []
    if (lines.length === 0) return
    const text = lines.map((line) => `${traceText(line)}\n`).join('')
    if (!this.#requests.write(text)) await once(this.#requests, 'drain')
  }

  /** A runner that is gone already is asked for in vain: its model's next one is asked for, too. */
  #ask(runner: string, model: string, purpose: Purpose): void {
    const asking = this.#client
      .json<BerthRunnerResponse>('GET', `/api/berth/runners/${encodeURIComponent(runner)}`)
      .then(
        ({ bytes, profile }) => this.#recorder?.know(model, purpose, { bytes, profile }),
        () => undefined,
      )
      .finally(() => this.#asking.delete(asking))
    this.#asking.add(asking)
  }
}

async function writerOf(path: string): Promise<WriteStream> {
  try {
    const file = await open(path, 'w')
    return createWriteStream(path, { fd: file })
  } catch (error) {
    throw new CliError(`${path} cannot be written: ${String(error)}`, undefined, { cause: error })
  }
}
