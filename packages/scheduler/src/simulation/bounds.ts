import { place, type DeviceRoom, type MemorySettings } from '@berth/budget'
import type { ModelId } from '../backend.js'
import { Histogram, round } from './histogram.js'
import type { MachineModel } from './machine.js'
import type { Bounds } from './report.js'
import type { SimulatedBackend } from './simulated-backend.js'
import { speedOf, stepMs, type Speed } from './speed.js'
import type { TraceRequest } from './trace.js'

/** Of the load that takes the least memory, and so has the most layers on GPUs. */
const SMALLEST: MemorySettings = { contextLength: 256, slots: 1, kvType: 'q4_0' }

/**
 * What each request would take alone on the empty machine with its model loaded. Nothing that a scheduler does
 * makes a request faster than that, so every percentile of what it does is above the same percentile of these.
 */
export class BoundsMeter {
  readonly #machine: MachineModel
  readonly #room: readonly DeviceRoom[]
  readonly #backend: SimulatedBackend
  readonly #speeds = new Map<ModelId, Speed | null>()
  readonly #firstToken = new Histogram()
  readonly #end = new Histogram()
  #lastEnd = 0

  constructor(machine: MachineModel, room: readonly DeviceRoom[], backend: SimulatedBackend) {
    this.#machine = machine
    this.#room = room
    this.#backend = backend
  }

  add(request: TraceRequest): void {
    const speed = this.#speedOf(request.model)
    if (speed === null) return
    const tokens = Math.max(1, request.promptTokens - (request.cachedTokens ?? 0))
    const steps = Math.ceil(tokens / this.#machine.promptChunk)
    const alone = (decoding: number, promptTokens: number, remembered: number) =>
      stepMs(speed, { decoding, promptTokens, remembered }, () => 1)
    const firstToken = steps * alone(0, tokens / steps, 0)
    const answer = Math.min(request.outputTokens, request.maxTokens ?? Infinity)
    const decoding =
      request.purpose === 'embed' || answer <= 1
        ? 0
        : (answer - 1) * alone(1, 0, request.promptTokens + (1 + answer) / 2)
    this.#firstToken.add(firstToken)
    this.#end.add(firstToken + decoding)
    this.#lastEnd = Math.max(this.#lastEnd, request.at + firstToken + decoding)
  }

  report(): Bounds {
    return {
      firstToken: this.#firstToken.summary(),
      end: this.#end.summary(),
      makespanMs: round(this.#lastEnd),
      loads: this.#speeds.size,
    }
  }

  /** Null for a model that the trace has not named, or that this machine cannot hold. */
  #speedOf(model: ModelId): Speed | null {
    const had = this.#speeds.get(model)
    if (had !== undefined) return had
    const known = this.#backend.known(model)
    if (known === undefined) return null
    const verdict = place(known.profile, SMALLEST, this.#room)
    const speed = verdict.fits ? speedOf(known.model, known.profile, verdict.placement, this.#machine) : null
    if (speed !== null) this.#speeds.set(model, speed)
    return speed
  }
}
