import type { DeviceId, MemoryProfile, Placement } from '@berth/budget'
import { deviceOf, hostOf, type MachineModel } from './machine.js'
import type { TraceModel } from './trace.js'

/** The part of a step that one device computes. All in milliseconds with the device to itself. */
export interface Stage {
  readonly device: DeviceId
  /** A step takes no less, for all weights there are read. */
  readonly floorMs: number
  /** Added to a step that decodes, whatever its batch. */
  readonly decodeMs: number
  /** Computing a token that is decoded, and one of a prompt. */
  readonly tokenMs: number
  readonly promptTokenMs: number
}

/** How fast a model is in one placement. */
export interface Speed {
  readonly stages: readonly Stage[]
  /** Not shared with anybody: of a step, of each sequence that decodes, of each token that a sequence remembers. */
  readonly stepMs: number
  readonly sequenceMs: number
  readonly rememberedMs: number
}

/** Weights in 4 bits and a little. */
const BITS_A_WEIGHT = 4.5

/**
 * The roofline of a placement: each device computes its share of the layers, and takes for a step the longer of
 * reading their weights once and computing them for every token in the step (two operations a weight and
 * token). Where a run was watched, what was seen instead.
 */
export function speedOf(
  model: TraceModel,
  profile: MemoryProfile,
  placement: Placement,
  machine: MachineModel,
): Speed {
  const parameters = model.parameters ?? parametersOf(model, profile)
  const active = Math.min(1, (model.activeParameters ?? parameters) / parameters)
  const { rates = {} } = model
  const stages = shares(profile, placement, machine).map(({ device, share }): Stage => {
    const { bytesPerSecond, flopsPerSecond } = deviceOf(machine, device)
    const computed = (share * 2 * parameters * active * 1_000) / flopsPerSecond
    const read = (share * model.bytes * active * 1_000) / bytesPerSecond
    const seen = rates.stepMs !== undefined
    return {
      device,
      floorMs: seen ? 0 : read,
      decodeMs: share * (rates.stepMs ?? 0),
      tokenMs: seen ? share * (rates.sequenceMs ?? 0) : computed,
      promptTokenMs: rates.promptTokenMs === undefined ? computed : share * rates.promptTokenMs,
    }
  })
  if (rates.stepMs !== undefined) return { stages, stepMs: 0, sequenceMs: 0, rememberedMs: 0 }
  const [main] = stages
  const reads = main === undefined ? hostOf(machine) : deviceOf(machine, main.device)
  return {
    stages,
    stepMs: machine.stepMs,
    sequenceMs: rates.sequenceMs ?? machine.sequenceMs,
    rememberedMs: (kvBytesPerToken(profile) * 1_000) / reads.bytesPerSecond,
  }
}

/** A step with so many sequences that decode and so many tokens of prompts. @param busy by how much a device is slowed by others. */
export function stepMs(
  speed: Speed,
  batch: { readonly decoding: number; readonly promptTokens: number; readonly remembered: number },
  busy: (device: DeviceId) => number,
): number {
  const { decoding, promptTokens, remembered } = batch
  let ms = speed.stepMs + decoding * speed.sequenceMs + remembered * speed.rememberedMs
  for (const stage of speed.stages) {
    const computing = decoding * stage.tokenMs + promptTokens * stage.promptTokenMs
    ms += busy(stage.device) * (Math.max(stage.floorMs, computing) + (decoding > 0 ? stage.decodeMs : 0))
  }
  return ms
}

/** Milliseconds of reading a model for a load that is alone on the disk, beside the machine's fixed part. */
export function loadWorkMs(model: TraceModel, machine: MachineModel): number {
  const { bytesPerSecond, fixedMs } = machine.load
  const seen = model.rates?.loadMs
  return seen === undefined ? (model.bytes * 1_000) / bytesPerSecond : Math.max(0, seen - fixedMs)
}

/** The part of a load that does not depend on its size. */
export function loadFixedMs(model: TraceModel, machine: MachineModel): number {
  return Math.min(machine.load.fixedMs, model.rates?.loadMs ?? Infinity)
}

/** Of f16 KV cache, over all layers; windows are left out of account. */
export function kvBytesPerToken(profile: MemoryProfile): number {
  if (profile.kind === 'webllm') return profile.kvBytesPerToken
  if (profile.kind === 'foreign') return 0
  return profile.layers.reduce((sum, { kv }) => sum + (kv === null ? 0 : 2 * (kv.k + kv.v)), 0)
}

function parametersOf({ bytes }: TraceModel, profile: MemoryProfile): number {
  const told = profile.kind === 'gguf' ? profile.parameters : 0
  return told > 0 ? told : (bytes * 8) / BITS_A_WEIGHT
}

/** The part of the layers that each device has. */
function shares(
  profile: MemoryProfile,
  placement: Placement,
  machine: MachineModel,
): readonly { readonly device: DeviceId; readonly share: number }[] {
  const layers = profile.kind === 'gguf' ? profile.layers.length + 1 : Math.max(1, placement.gpuLayers)
  const onGpus = placement.split.map((part) => ({ device: part.device, share: part.layers / layers }))
  if (placement.kind === 'gpu' && onGpus.length === 0) {
    return placement.bytes.slice(0, 1).map(({ device }) => ({ device, share: 1 }))
  }
  const left = 1 - onGpus.reduce((sum, { share }) => sum + share, 0)
  return left > 1e-9 ? [...onGpus, { device: hostOf(machine).id, share: left }] : onGpus
}
