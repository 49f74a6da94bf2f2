import { z } from 'zod'

const NAME = 'expected the name of a model'

export const OfModel = z.object({ model: z.string({ error: NAME }).min(1, { error: NAME }) })

export const PreloadRequest = z.object({
  models: z
    .array(z.string({ error: NAME }).min(1, { error: NAME }), { error: 'expected a list of names of models' })
    .min(1, { error: 'expected at least one name of a model' })
    .max(100, { error: 'expected at most 100 names of models' }),
})

export const ClassRequest = z.object({
  class: z.enum(['interactive', 'normal', 'batch'], {
    error: 'expected "interactive", "normal" or "batch"',
  }),
})

export const PinRequest = OfModel.extend({
  pinned: z.boolean({ error: 'expected true or false' }).default(true),
})
