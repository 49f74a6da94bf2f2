import { z } from 'zod'

/** A field that may be left out. Clients written in Go send `null` for what they leave out. */
export function maybe<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullish().transform((value): z.output<Schema> | undefined => value ?? undefined)
}

export const text = z.string({ error: 'expected a string' })

export const flag = z.boolean({ error: 'expected true or false' })

export const number = z.number({ error: 'expected a number' })

export const whole = z.int({ error: 'expected a whole number' })

/** As Ollama reads options: what is behind the point is left away, and no number is too large. */
export const truncated = z.number({ error: 'expected a whole number' }).transform(Math.trunc)

/** Clients draw seeds from 63 bits; engines have 32. Negative is a random one. */
export const seed = truncated.transform((value) => (value < 0 ? -1 : value % 2 ** 32))

/** A whole number from `min`, up to `max` where one is given. */
export function wholeFrom(min: number, max?: number) {
  const error = `expected a whole number from ${min}${max === undefined ? '' : ` to ${max}`}`
  const schema = z.int({ error }).min(min, { error })
  return max === undefined ? schema : schema.max(max, { error })
}

/** A number no smaller than `min` and no larger than `max`. */
export function between(min: number, max: number) {
  const error = `expected a number from ${min} to ${max}`
  return z.number({ error }).min(min, { error }).max(max, { error })
}

/** A JSON object of any content. */
export const jsonObject = z.record(z.string(), z.unknown(), { error: 'expected a JSON object' })

export const A_NAME = 'expected the name of a model'

export const modelName = z.string({ error: A_NAME }).min(1, { error: A_NAME })

/** One string or several; several is what comes out. */
export function textOrTexts(error: string) {
  return z.union([z.string().transform((one) => [one]), z.array(z.string())], { error })
}
