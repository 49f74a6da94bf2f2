import type { Bytes, DeviceBytes, DeviceId, Tokens } from '@berth/budget'
import {
  BackendError,
  type Job,
  type LoadSpec,
  type Parked,
  type Run,
  type Runner,
  type RunnerAbilities,
  type RunnerEnd,
} from '@berth/scheduler'
import type { FromWorker, RunId, Work } from './protocol.js'
import { isWebLlmParked, WebLlmRun } from './run.js'
import type { WorkerLink } from './worker-link.js'

/** How long a worker may take to give its memory back by itself before it is ended. */
const UNLOAD_MS = 3_000

/** A worker with its model loaded. */
export class WebLlmRunner implements Runner {
  readonly spec: LoadSpec
  readonly can: RunnerAbilities
  readonly ended: Promise<RunnerEnd>
  readonly #link: WorkerLink
  readonly #device: DeviceId
  readonly #runs = new Map<RunId, WebLlmRun>()
  readonly #memory = new Set<(bytes: readonly DeviceBytes[]) => void>()
  #bytes: Bytes
  #next: RunId = 1

  /** @param bytes what the load has taken of the GPU. */
  constructor(spec: LoadSpec, link: WorkerLink, bytes: Bytes) {
    this.spec = spec
    this.can = {
      cancel: 'chunk',
      park: spec.purpose === 'generate' ? 'recompute' : 'none',
      memory: 'measured',
    }
    this.#link = link
    this.#device = spec.placement.split[0]?.device ?? spec.placement.bytes[0]?.device ?? 'gpu'
    this.#bytes = bytes
    link.listen((message) => this.#take(message))
    // On its way out is lost already: nobody waits for the worker's last breath.
    link.gone.catch((error: BackendError) => this.#lose(error))
    this.ended = link.ended
  }

  start(job: Job, from?: Parked): Run {
    const id = this.#next
    this.#next += 1
    const run = new WebLlmRun(job, (wish) => this.#link.tell((api) => api[wish](id)))
    if (this.#link.isEnding) {
      run.fail(new BackendError('lost', 'The model was unloaded'))
      return run
    }
    if (from !== undefined && !isWebLlmParked(from)) {
      run.fail(new BackendError('unsupported', 'This job was parked by another kind of engine'))
      return run
    }
    const work: Work =
      job.kind === 'embed'
        ? { kind: 'embed', inputs: job.inputs, truncate: job.truncate }
        : { kind: 'generate', job, ...(from === undefined ? {} : { from: from.webllm }) }
    this.#runs.set(id, run)
    this.#link.tell((api) => api.start(id, work))
    return run
  }

  countTokens(text: string): Promise<Tokens> {
    return this.#link.call((api) => api.countTokens(text))
  }

  /** The GPU computes. */
  setThreads(): void {}

  onMemory(listener: (bytes: readonly DeviceBytes[]) => void): Disposable {
    const own = (bytes: readonly DeviceBytes[]): void => listener(bytes)
    this.#memory.add(own)
    own(this.#figures())
    return { [Symbol.dispose]: () => void this.#memory.delete(own) }
  }

  async stop(how: 'gracefully' | 'now'): Promise<void> {
    this.#lose(new BackendError('lost', 'The model was unloaded'))
    if (how === 'gracefully' && !this.#link.isEnding) {
      const unloaded = this.#link.call((api) => api.unload()).catch(() => undefined)
      await Promise.race([unloaded, after(UNLOAD_MS)])
    }
    this.#link.end({ asked: true, reason: 'stopped as asked' })
    await this.ended
  }

  #take(message: FromWorker): void {
    switch (message.type) {
      case 'run': {
        const run = this.#runs.get(message.run)
        if (message.outcome !== undefined) this.#runs.delete(message.run)
        run?.take(message)
        break
      }
      case 'memory':
        this.#bytes = message.bytes
        for (const listener of this.#memory) listener(this.#figures())
        break
      case 'device-lost':
        this.#link.end({
          asked: false,
          reason: `the GPU device was lost${message.why === '' ? '' : `: ${message.why}`}`,
        })
        break
      case 'loading':
        break
    }
  }

  #lose(error: BackendError): void {
    for (const run of this.#runs.values()) run.fail(error)
    this.#runs.clear()
  }

  #figures(): readonly DeviceBytes[] {
    return [{ device: this.#device, bytes: this.#bytes }]
  }
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
