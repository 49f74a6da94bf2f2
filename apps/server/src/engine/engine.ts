import { join } from 'node:path'
import { formatBytes } from '@berth/budget'
import { Scheduler, type Backend, type SchedulerSettings } from '@berth/scheduler'
import type { Logger } from 'pino'
import type { Config } from '../config/index.js'
import { LlamaBackend, detectDevices } from '../llama/index.js'
import type { ModelStore } from '../models/index.js'
import { systemClock } from '../system-clock.js'
import { watchForeignMemory } from './foreign-memory.js'
import { LearnedFile } from './learned-file.js'
import { budgetOf, FLASH_ATTENTION, schedulerSettings } from './machine.js'
import { engineModels } from './model-sources.js'

/** The scheduler with everything below it. */
export interface Engine {
  readonly scheduler: Scheduler
  readonly settings: SchedulerSettings
  /** Lets running jobs finish within the bound; resolves when every child is gone. */
  stop(graceMs: number): Promise<void>
}

/**
 * Looks at the machine and puts a scheduler on it.
 * @param elsewhere engines on other machines, asked for what is not here.
 */
export async function createEngine(
  config: Config,
  store: ModelStore,
  log: Logger,
  elsewhere: readonly Backend[] = [],
): Promise<Engine> {
  const clock = systemClock()
  const gpu = config.gpu === 'off' ? false : 'auto'
  const [detected, learned] = await Promise.all([
    detectDevices(gpu),
    LearnedFile.open(join(store.folders.own, 'learned-memory.json')),
  ])
  const settings = schedulerSettings(config)
  const budget = budgetOf(config, detected)
  for (const { device, usable, foreign } of budget.usage()) {
    log.info(
      { device: device.id, usable, foreign },
      `${device.name}: ${formatBytes(usable - foreign)} of ${formatBytes(device.capacity)} for models`,
    )
  }
  const backend = new LlamaBackend({
    models: engineModels(store),
    engine: {
      gpu,
      cores: settings.cores,
      flashAttention: FLASH_ATTENTION[config.flashAttention],
      probe: detected.engine,
    },
    clock,
    log: (level, model, text) => log[level]({ model }, text),
  })
  const scheduler = new Scheduler({
    backends: [backend, ...elsewhere],
    budget,
    learned: learned.memory,
    clock,
    settings,
  })
  const saveLearned = async (): Promise<void> => {
    try {
      await learned.save()
    } catch (error) {
      log.warn({ err: error }, 'what loads took could not be saved: the next start estimates anew')
    }
  }
  const saving = scheduler.on((event) => {
    if (event.type === 'measured') void saveLearned()
  })
  const watching = watchForeignMemory(detected, budget, scheduler, (error) => {
    log.warn({ err: error }, 'the memory that others use cannot be read')
  })
  return {
    scheduler,
    settings,
    async stop(graceMs) {
      watching[Symbol.dispose]()
      await scheduler.stop({ graceMs })
      saving[Symbol.dispose]()
      await saveLearned()
    },
  }
}
