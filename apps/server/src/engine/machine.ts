import { availableParallelism } from 'node:os'
import { MemoryBudget } from '@berth/budget'
import { DEFAULT_SETTINGS, type SchedulerSettings } from '@berth/scheduler'
import type { Config } from '../config/index.js'
import type { DetectedDevices } from '../llama/index.js'
import { setForeign } from './foreign-memory.js'

/** The setting in the engine's words. */
export const FLASH_ATTENTION = { auto: 'auto', on: true, off: false } as const

/** The machine's memories with what the configuration leaves to others, and what others have taken already. */
export function budgetOf(config: Config, detected: DetectedDevices): MemoryBudget {
  const budget = new MemoryBudget(detected.devices, {
    margins: Object.fromEntries(
      detected.devices.map(({ id, kind }) => [
        id,
        {
          fraction: config.memoryMargin / 100,
          bytes: kind === 'gpu' ? config.gpuOverhead : config.ramOverhead,
        },
      ]),
    ),
  })
  setForeign(budget, detected.used)
  return budget
}

export function schedulerSettings(config: Config): SchedulerSettings {
  return {
    ...DEFAULT_SETTINGS,
    policy: config.policy,
    eviction: config.eviction,
    keepAlive: config.keepAliveMode,
    preempt: config.preempt === 'on',
    starvationMs: config.starvation,
    maxQueue: config.maxQueue,
    maxQueuePerClass: {
      interactive: config.maxQueueInteractive,
      normal: config.maxQueueNormal,
      batch: config.maxQueueBatch,
    },
    clientLimits: {
      concurrent: config.clientConcurrent,
      requestsPerMinute: config.clientRpm,
      tokensPerMinute: config.clientTpm,
    },
    keepAliveMs: config.keepAlive,
    maxLoaded: config.maxLoadedModels,
    slots: config.numParallel,
    contextLength: config.contextLength || DEFAULT_SETTINGS.contextLength,
    kvType: config.kvCacheType,
    maxWaitMs: config.maxWait,
    patienceMs: config.patience,
    loadStallMs: config.loadTimeout,
    runStallMs: config.runTimeout,
    cores: config.cores || availableParallelism(),
  }
}
