import { chooseSlots, longestContext, mostSlots, place, type DeviceUsage } from '@berth/budget'
import type { Config } from '../config/index.js'
import { LlamaBackend, detectDevices, type DetectedDevices } from '../llama/index.js'
import type { ModelStore } from '../models/index.js'
import { systemClock } from '../system-clock.js'
import { budgetOf, FLASH_ATTENTION, schedulerSettings } from './machine.js'
import { engineModels } from './model-sources.js'

/** A machine and what would fit on it, with nothing loaded. Plain data. */
export interface Survey {
  readonly engine: DetectedDevices['engine']
  readonly devices: readonly DeviceUsage[]
  readonly cores: number
  readonly models: readonly SurveyedModel[]
}

export interface SurveyedModel {
  readonly name: string
  /** On the disk. */
  readonly bytes: number
  /** Whether it would fit with what is free now; null where its file cannot be read. */
  readonly fits: boolean | null
  /** On which processor it would be computed; null where it does not fit. */
  readonly placement: 'gpu' | 'hybrid' | 'cpu' | 'foreign' | null
  /** What it would take of all memories together; null where it does not fit. */
  readonly needs: number | null
  /** Tokens, at one request at a time; 0 where it does not fit. */
  readonly longestContext: number
  /** Requests at a time, at the context that is usual here. */
  readonly mostSlots: number
  /** In words, with what would help where it does not fit. */
  readonly why: string
}

/** Looks at the machine as a server would that starts now and has learned nothing of its loads. @throws BackendError where the engine cannot be loaded. */
export async function survey(config: Config, store: ModelStore): Promise<Survey> {
  const gpu = config.gpu === 'off' ? false : 'auto'
  const [detected, models] = await Promise.all([detectDevices(gpu), store.list()])
  const settings = schedulerSettings(config)
  const devices = budgetOf(config, detected).usage()
  const backend = new LlamaBackend({
    models: engineModels(store),
    engine: {
      gpu,
      cores: settings.cores,
      flashAttention: FLASH_ATTENTION[config.flashAttention],
      probe: detected.engine,
    },
    clock: systemClock(),
  })
  const surveyed: SurveyedModel[] = []
  for (const { name, bytes } of models) {
    try {
      surveyed.push({ name, bytes, ...fitOf(await backend.profile(name, 'generate')) })
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      surveyed.push({
        name,
        bytes,
        fits: null,
        placement: null,
        needs: null,
        longestContext: 0,
        mostSlots: 0,
        why,
      })
    }
  }
  return { engine: detected.engine, devices, cores: settings.cores, models: surveyed }

  function fitOf(
    profile: Awaited<ReturnType<LlamaBackend['profile']>>,
  ): Omit<SurveyedModel, 'name' | 'bytes'> {
    const { kvType } = settings
    const trained = 'trainedContext' in profile ? profile.trainedContext : null
    const contextLength = Math.min(settings.contextLength, trained ?? settings.contextLength)
    const slots = settings.slots || chooseSlots(profile, { contextLength, kvType }, devices)
    const verdict = place(profile, { contextLength, kvType, slots }, devices)
    return {
      fits: verdict.fits,
      placement: verdict.fits ? verdict.placement.kind : null,
      needs: verdict.fits ? verdict.placement.bytes.reduce((sum, { bytes }) => sum + bytes, 0) : null,
      longestContext: longestContext(profile, { kvType, slots: 1 }, devices),
      mostSlots: mostSlots(profile, { contextLength, kvType }, devices),
      why: verdict.fits ? verdict.placement.reason : [verdict.reason, ...verdict.advice].join('; '),
    }
  }
}
