import { chooseSlots, emptyRoom, planFit } from '@berth/budget'
import type { Device, DeviceRoom, FitPlan, KvType } from '@berth/budget'
import type { Config } from '../config/index.js'
import { LlamaBackend, detectDevices } from '../llama/index.js'
import type { DetectedDevices } from '../llama/index.js'
import { systemClock } from '../system-clock.js'
import { budgetOf, FLASH_ATTENTION, schedulerSettings } from './machine.js'

/** What is asked. What is left out is as a server would have it by its settings. */
export interface FitQuestion {
  /** Where the head of the model's file is: a path, or an address of a server that answers range requests. */
  readonly location: string
  /** Another machine, with nothing else on it; absent: this one, with what is free now. */
  readonly machine?: readonly Device[]
  readonly contextLength?: number
  readonly slots?: number
  readonly kvType?: KvType
}

/** The engine as a machine that is not here would have it: what of the CPU's features matters to memory. */
const ELSEWHERE: DetectedDevices['engine'] = {
  gpu: 'cuda',
  gpuNames: [],
  vram: { total: 0, used: 0, unified: 0 },
  systemInfo: 'AVX2 = 1 | REPACK = 1',
  residentBytes: 0,
}

/**
 * Whether and how a server with these settings would load a model, having learned nothing of its loads.
 * @throws BackendError where the file cannot be read or is no model, or the engine cannot be loaded.
 */
export async function fitOf(config: Config, question: FitQuestion): Promise<FitPlan> {
  const { machine, location } = question
  const { room, engine } = machine === undefined ? await here(config) : elsewhere(config, machine)
  const settings = schedulerSettings(config)
  const backend = new LlamaBackend({
    models: {
      list: () => Promise.resolve([]),
      resolve: () => Promise.resolve({ path: location, revision: location }),
    },
    engine: {
      gpu: engine.gpu === false ? false : 'auto',
      cores: settings.cores,
      flashAttention: FLASH_ATTENTION[config.flashAttention],
      probe: engine,
    },
    clock: systemClock(),
  })
  const profile = await backend.profile(location, 'generate')
  const kvType = question.kvType ?? settings.kvType
  const trained = 'trainedContext' in profile ? profile.trainedContext : null
  const contextLength =
    question.contextLength ?? Math.min(settings.contextLength, trained ?? settings.contextLength)
  const slots = question.slots ?? (settings.slots || chooseSlots(profile, { contextLength, kvType }, room))
  return planFit(profile, { contextLength, slots, kvType }, room)
}

interface Place {
  readonly room: readonly DeviceRoom[]
  readonly engine: DetectedDevices['engine']
}

async function here(config: Config): Promise<Place> {
  const detected = await detectDevices(config.gpu === 'off' ? false : 'auto')
  return { room: budgetOf(config, detected).usage(), engine: detected.engine }
}

function elsewhere(config: Config, machine: readonly Device[]): Place {
  return { room: emptyRoom(machine, config.memoryMargin / 100), engine: ELSEWHERE }
}
