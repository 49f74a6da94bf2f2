import type { RunnerSnapshot, SchedulerEvent, SchedulerEventBody, Snapshot } from '@berth/scheduler'

const GIB = 2 ** 30
const MODEL_BYTES = 1.5 * GIB
/** Progress reports of one answer. */
const REPORTS = 24
/** After so many answers a model makes room for itself, loaded anew. */
const ANSWERS = 6

interface Machine {
  readonly model: string
  runner: string
  /** What it does next, as a number of the script below. */
  step: number
  answers: number
  request: string
}

/** What a scheduler with so many models would tell that is never idle: the same every time, as fast as one asks. */
export class BusyScheduler {
  readonly #machines: Machine[]
  #seq = 0
  #made = 0
  #turn = 0

  constructor(models: number) {
    this.#machines = Array.from({ length: models }, (_, index) => ({
      model: `model-${String(index + 1).padStart(2, '0')}`,
      runner: `r${index + 1}`,
      step: 0,
      // They are not loaded anew all at the same time.
      answers: index % ANSWERS,
      request: '',
    }))
    this.#made = models
  }

  snapshot(at: number): Snapshot {
    return {
      seq: this.#seq,
      at,
      policy: 'fair',
      devices: [
        {
          device: { id: 'gpu0', kind: 'gpu', name: 'Example GPU', capacity: 100 * GIB },
          capacity: 100 * GIB,
          usable: 96 * GIB,
          reserved: this.#machines.length * MODEL_BYTES,
          pending: 0,
          foreign: 4 * GIB,
          free: 96 * GIB - this.#machines.length * MODEL_BYTES,
          overdrawn: 0,
        },
      ],
      runners: this.#machines.map(({ model, runner }) => snapshotOf(model, runner, at)),
      queue: [],
    }
  }

  /** The next so many events. */
  events(count: number, at: number): readonly SchedulerEvent[] {
    return Array.from({ length: count }, () => {
      const machine = this.#machines[this.#turn % this.#machines.length]
      this.#turn += 1
      if (machine === undefined) throw new Error('a scheduler without a model tells nothing')
      this.#seq += 1
      return { seq: this.#seq, at, ...this.#next(machine) }
    })
  }

  #next(machine: Machine): SchedulerEventBody {
    const { model, runner, step } = machine
    const ofRunner = { runner, model, purpose: 'generate' } as const
    machine.step += 1
    const state = (from: RunnerSnapshot['state'], to: RunnerSnapshot['state'], why: string) =>
      ({ type: 'state', ...ofRunner, from, to, why }) as const
    if (step === 0) {
      this.#made += 1
      machine.request = `q${this.#made}`
      const client = `client-${this.#made % 7}`
      const queued = {
        request: machine.request,
        model,
        purpose: 'generate',
        class: 'normal',
        client,
      } as const
      return { type: 'queued', ...queued, position: 1, waiting: 1 }
    }
    const ofRequest = { request: machine.request, model }
    if (step === 1) return { type: 'waiting', ...ofRequest, why: `${model} takes it with its next step` }
    if (step === 2) return state('ready', 'busy', `runs ${machine.request}`)
    if (step === 3)
      return { type: 'running', ...ofRequest, runner, waitedMs: 12, why: 'first in line, a slot is free' }
    if (step === 4)
      return {
        type: 'progress',
        ...ofRequest,
        runner,
        progress: { phase: 'prompt', tokens: 128, of: 128 },
      }
    if (step < 5 + REPORTS)
      return {
        type: 'progress',
        ...ofRequest,
        runner,
        progress: { phase: 'decode', tokens: (step - 4) * 4 },
      }
    if (step === 5 + REPORTS) {
      machine.answers += 1
      const decodedTokens = REPORTS * 4
      const metrics = { promptTokens: 128, cachedTokens: 0, promptMs: 40, decodedTokens, decodeMs: 800 }
      return { type: 'finished', ...ofRequest, runner, reason: 'stop', metrics }
    }
    if (step === 6 + REPORTS) {
      if (machine.answers % ANSWERS !== 0) machine.step = 0
      return state('busy', 'ready', `${machine.request} is done`)
    }
    if (step === 7 + REPORTS)
      return { type: 'evicted', ...ofRunner, why: 'makes room: least recently used', frees: MODEL_BYTES }
    if (step === 8 + REPORTS) return state('ready', 'unloading', 'makes room: least recently used')
    if (step === 9 + REPORTS) return state('unloading', 'idle', 'its process is gone')
    if (step === 10 + REPORTS) {
      this.#made += 1
      machine.runner = `r${this.#made}`
      return { ...state('idle', 'loading', 'wanted by nobody else'), runner: machine.runner }
    }
    if (step < 15 + REPORTS)
      return {
        type: 'loading',
        ...ofRunner,
        progress: { fraction: (step - 10 - REPORTS) / 4, stage: 'reading' },
      }
    const bytes = [{ device: 'gpu0', bytes: MODEL_BYTES }]
    if (step === 15 + REPORTS) return { type: 'measured', ...ofRunner, estimated: bytes, bytes }
    machine.step = 0
    return state('loading', 'ready', 'loaded, and its first token came')
  }
}

/** A runner that has nothing to do yet. */
export function snapshotOf(
  model: string,
  id: string,
  at: number,
  more: Partial<RunnerSnapshot> = {},
): RunnerSnapshot {
  const bytes = [{ device: 'gpu0', bytes: MODEL_BYTES }]
  return {
    id,
    model,
    purpose: 'generate',
    state: 'ready',
    why: 'loaded, and its first token came',
    spec: {
      model,
      revision: '1',
      purpose: 'generate',
      contextLength: 4_096,
      slots: 2,
      kvType: 'f16',
      adapters: [],
      placement: {
        kind: 'gpu',
        gpuLayers: 33,
        split: [{ device: 'gpu0', layers: 33 }],
        bytes,
        parts: [],
        reason: 'all of it fits onto gpu0',
      },
      threads: 1,
    },
    draining: false,
    pinned: false,
    backend: 'example',
    bytes,
    totalBytes: MODEL_BYTES,
    threads: 1,
    loading: null,
    since: at,
    expiresAt: at + 300_000,
    keepAliveMs: 300_000,
    running: [],
    ...more,
  }
}
