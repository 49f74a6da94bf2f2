import { loadKey, scalable, settingsKey } from './correction.js'
import type { Correction } from './correction.js'
import type { MemorySettings } from './memory-settings.js'
import type { Placement } from './placement.js'
import { bytesOf } from './units.js'
import type { DeviceBytes } from './units.js'

/** Loads remembered of one model; the oldest is forgotten first. */
const MOST_LOADS = 32

/** A figure further off than this is not the model's own (something else was measured with it). */
const FURTHEST = 4

/** What `LearnedMemory` knows, for storing. Plain data. */
export interface LearnedMemoryData {
  readonly version: 1
  readonly models: Readonly<Record<string, Correction>>
}

/** Remembers what loads really took, by model, so that the next estimate is better. */
export class LearnedMemory {
  readonly #models = new Map<string, Correction>()

  /**
   * What is known of a model for loads at those settings: to the byte where it was loaded so before with the
   * same cut of layers, as a scale otherwise. For `place`'s `correction`; undefined where nothing is known.
   */
  correction(model: string, settings: MemorySettings): Correction | undefined {
    const known = this.#models.get(model)
    if (!known) return undefined
    const measured = Object.entries(known.measured).filter(([key]) => key.startsWith(settingsKey(settings)))
    return { ...known, measured: Object.fromEntries(measured) }
  }

  /** Takes note of what a load took. Devices that `measured` does not name keep their estimate. */
  learn(
    model: string,
    settings: MemorySettings,
    placement: Placement,
    measured: readonly DeviceBytes[],
  ): void {
    if (placement.kind === 'foreign' || measured.length === 0) return
    const had = this.#models.get(model)
    const key = loadKey(settings, placement.split)
    const { [key]: _replaced, ...others } = had?.measured ?? {}
    const kept = Object.entries(others).slice(1 - MOST_LOADS)
    const bytes = placement.bytes.map(({ device, bytes: estimated }) => ({
      device,
      bytes: measured.some((part) => part.device === device) ? bytesOf(measured, device) : estimated,
    }))
    this.#models.set(model, {
      measured: { ...Object.fromEntries(kept), [key]: bytes },
      scale: {
        gpu: scaleOf(placement, measured, true) ?? had?.scale.gpu ?? 1,
        host: scaleOf(placement, measured, false) ?? had?.scale.host ?? 1,
      },
    })
  }

  /** Forgets a model (it was deleted, or replaced by another under its name). */
  forget(model: string): void {
    this.#models.delete(model)
  }

  toJSON(): LearnedMemoryData {
    return { version: 1, models: Object.fromEntries(this.#models) }
  }

  /** What `toJSON` gave, perhaps long ago: anything else is ignored, for it only costs the knowledge. */
  static fromJSON(data: unknown): LearnedMemory {
    const learned = new LearnedMemory()
    if (!isRecord(data) || data['version'] !== 1 || !isRecord(data['models'])) return learned
    for (const [model, correction] of Object.entries(data['models'])) {
      if (isCorrection(correction)) learned.#models.set(model, correction)
    }
    return learned
  }
}

/** By what weights, compute buffers and overhead were off on the GPUs or on the host; undefined where not measured. */
function scaleOf(placement: Placement, measured: readonly DeviceBytes[], onGpu: boolean): number | undefined {
  const parts = placement.parts.filter(
    ({ device }) =>
      placement.split.some((gpu) => gpu.device === device) === onGpu &&
      measured.some((part) => part.device === device),
  )
  const estimated = parts.reduce((sum, part) => sum + scalable(part), 0)
  if (estimated === 0) return undefined
  const real = parts.reduce((sum, part) => sum + bytesOf(measured, part.device) - part.kvCache, 0)
  return Math.min(FURTHEST, Math.max(1 / FURTHEST, real / estimated))
}

function isCorrection(value: unknown): value is Correction {
  if (!isRecord(value) || !isRecord(value['measured']) || !isRecord(value['scale'])) return false
  const { gpu, host } = value['scale']
  return isScale(gpu) && isScale(host) && Object.values(value['measured']).every(isDeviceBytes)
}

function isScale(value: unknown): boolean {
  return typeof value === 'number' && value >= 1 / FURTHEST && value <= FURTHEST
}

function isDeviceBytes(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(
      (part: unknown) =>
        isRecord(part) &&
        typeof part['device'] === 'string' &&
        Number.isSafeInteger(part['bytes']) &&
        Number(part['bytes']) >= 0,
    )
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
