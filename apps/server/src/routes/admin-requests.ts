import { z } from 'zod'

const NAME = 'expected the name of a model'

export const OfModel = z.object({ model: z.string({ error: NAME }).min(1, { error: NAME }) })

export const ClassRequest = z.object({
  class: z.enum(['interactive', 'normal', 'batch'], {
    error: 'expected "interactive", "normal" or "batch"',
  }),
})

export const PinRequest = OfModel.extend({
  pinned: z.boolean({ error: 'expected true or false' }).default(true),
})
