import { parseKeepAlive } from '@berth/protocol'
import { z } from 'zod'

/** How a setting is named and explained; the schema beside it says what it may be. */
export interface SettingText {
  /** Environment variables that set it, the first one found counts. */
  readonly env: readonly string[]
  /** Without the dashes. */
  readonly flag: string
  /** What stands for the value in the help; a switch has none and needs no value. */
  readonly value?: string
  readonly help: string
}

/** The texts of every setting, by its schema. */
export const settingTexts = z.registry<SettingText>()

/** Values come as text from flags and the environment, and as JSON from a file. */
type Raw = string | number | boolean

/** A setting read by `parse`, which gives undefined for what is not right. */
export function setting<Value>(
  text: SettingText,
  right: string,
  fallback: Value,
  parse: (raw: Raw) => Value | undefined,
) {
  const schema = z
    .custom<Raw>((raw) => ['string', 'number', 'boolean'].includes(typeof raw), {
      error: `expected ${right}`,
    })
    .transform((raw, context): Value => {
      const value = parse(raw)
      if (value !== undefined) return value
      context.addIssue({ code: 'custom', message: `expected ${right}` })
      return z.NEVER
    })
    .optional()
    .transform((value): Value => value ?? fallback)
  settingTexts.add(schema, text)
  return schema
}

export function textSetting<Fallback>(text: SettingText, fallback: Fallback) {
  return setting<string | Fallback>(text, 'a text', fallback, (raw) => String(raw))
}

export function countSetting(text: SettingText, fallback: number, min = 0, max = Number.MAX_SAFE_INTEGER) {
  const upTo = max === Number.MAX_SAFE_INTEGER ? ` of at least ${min}` : ` from ${min} to ${max}`
  return setting(text, `a whole number${upTo}`, fallback, (raw) => {
    const value = typeof raw === 'boolean' ? Number.NaN : wholeNumber(raw)
    return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined
  })
}

const wholeNumber = (raw: string | number): number =>
  typeof raw === 'number' ? raw : /^[+-]?\d+$/.test(raw.trim()) ? Number(raw) : Number.NaN

/** Milliseconds. A plain number is seconds, as in Ollama; what `forever` says stands for a negative one. */
export function durationSetting(text: SettingText, fallback: number, forever?: number) {
  return setting(text, 'a duration such as "30s", "5m" or "1h30m"', fallback, (raw) => {
    const ms = typeof raw === 'boolean' ? undefined : parseKeepAlive(raw)
    if (ms === undefined || (ms < 0 && forever === undefined)) return undefined
    return ms < 0 ? forever : ms
  })
}

export function choiceSetting<const Choice extends string>(
  text: SettingText,
  fallback: Choice,
  choices: readonly Choice[],
  alias: Readonly<Record<string, Choice>> = {},
) {
  const right = `one of ${choices.map((choice) => `"${choice}"`).join(', ')}`
  return setting<Choice>(text, right, fallback, (raw) => {
    const word = String(raw).trim().toLowerCase()
    return choices.find((choice) => choice === word) ?? alias[word]
  })
}

const BYTES = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?)b?|b)?$/i
const POWER: Readonly<Record<string, number>> = { k: 1, m: 2, g: 3, t: 4 }

/** A count of bytes: a plain number, or one with a unit (kB = 1000, KiB = 1024). */
export function bytesSetting(text: SettingText, fallback: number) {
  return setting(text, 'a number of bytes such as "512MiB" or "2GB"', fallback, (raw) => {
    const [, amount, unit, binary] = BYTES.exec(String(raw).trim()) ?? []
    if (amount === undefined) return undefined
    const base = binary ? 1024 : 1000
    return Math.round(Number(amount) * base ** (POWER[(unit ?? '').toLowerCase()] ?? 0))
  })
}

/** Values with commas between them; in a file, a list as well. */
export function listSetting(text: SettingText) {
  const schema = z
    .union([z.string(), z.array(z.string())], { error: 'expected values with commas between them' })
    .optional()
    .transform((raw): readonly string[] => {
      const parts = typeof raw === 'string' ? raw.split(',') : (raw ?? [])
      return parts.map((part) => part.trim()).filter((part) => part !== '')
    })
  settingTexts.add(schema, text)
  return schema
}
