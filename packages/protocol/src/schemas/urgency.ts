import type { RequestClass } from '@berth/scheduler'
import { z } from 'zod'

const RIGHT = 'expected "interactive", "normal", "batch" or a whole number, of which a lower one is sooner'

/**
 * `priority`, which every API family takes: a class by its name, or a whole number as vLLM has it, where 0 is
 * what is usual and a lower one is sooner.
 */
export const priority = z
  .union([z.enum(['interactive', 'normal', 'batch']), z.int()], { error: RIGHT })
  .transform((value): RequestClass =>
    typeof value === 'string' ? value : value < 0 ? 'interactive' : value > 0 ? 'batch' : 'normal',
  )

/** OpenAI's names of how urgent a request is. */
export const openAiTier = z.enum(['auto', 'default', 'flex', 'scale', 'priority'], {
  error: 'expected "auto", "default", "flex", "scale" or "priority"',
})

export const anthropicTier = z.enum(['auto', 'standard_only'], {
  error: 'expected "auto" or "standard_only"',
})
