import type { ConversationSettings, Preset } from '../storage/index.js'
import { PLAIN_SETTINGS } from '../storage/index.js'

/** Presets that come with the page. They leave seed and lengths alone. */
export const BUILT_IN: readonly Preset[] = [
  { name: 'Balanced', settings: PLAIN_SETTINGS },
  { name: 'Precise', settings: { ...PLAIN_SETTINGS, temperature: 0.2, topP: 0.9, topK: 20 } },
  { name: 'Creative', settings: { ...PLAIN_SETTINGS, temperature: 1.1, topP: 0.97, minP: 0.03 } },
  {
    name: 'Coding',
    settings: {
      ...PLAIN_SETTINGS,
      temperature: 0.1,
      topP: 0.95,
      system: 'You are a careful programmer. Answer with working code first, then explain it briefly.',
    },
  },
  {
    name: 'Translator',
    settings: {
      ...PLAIN_SETTINGS,
      temperature: 0.2,
      system:
        'Translate what you are given: into English, or, if it is English, into the language that was used before. Give the translation only.',
    },
  },
]

/** A number that can be set, with what it may be. */
export interface NumberSetting {
  readonly key: Exclude<keyof ConversationSettings, 'system'>
  readonly label: string
  readonly hint: string
  readonly min: number
  readonly max: number
  readonly whole: boolean
}

export const NUMBER_SETTINGS: readonly NumberSetting[] = [
  {
    key: 'temperature',
    label: 'Temperature',
    hint: '0 always takes the likeliest word; higher is more varied.',
    min: 0,
    max: 5,
    whole: false,
  },
  {
    key: 'topP',
    label: 'Top-p',
    hint: 'Only the likeliest words that together have this probability.',
    min: 0,
    max: 1,
    whole: false,
  },
  {
    key: 'topK',
    label: 'Top-k',
    hint: 'Only this many of the likeliest words; 0 is all.',
    min: 0,
    max: 1_000,
    whole: true,
  },
  {
    key: 'minP',
    label: 'Min-p',
    hint: 'Only words at least this likely beside the likeliest.',
    min: 0,
    max: 1,
    whole: false,
  },
  {
    key: 'repeatPenalty',
    label: 'Repeat penalty',
    hint: '1 is off; more avoids repetition.',
    min: 0.1,
    max: 5,
    whole: false,
  },
  {
    key: 'seed',
    label: 'Seed',
    hint: 'The same seed gives the same answer to the same question.',
    min: 0,
    max: 2 ** 32 - 1,
    whole: true,
  },
  { key: 'maxTokens', label: 'Longest answer', hint: 'In tokens.', min: 1, max: 1_000_000, whole: true },
  {
    key: 'contextLength',
    label: 'Context length',
    hint: 'In tokens; longer takes more memory.',
    min: 128,
    max: 10_000_000,
    whole: true,
  },
]

/**
 * What was typed for a number: null for nothing, which is the default.
 * @returns the value, or what is wrong with it and what would be right.
 */
export function readNumber(
  setting: NumberSetting,
  typed: string,
): { value: number | null } | { error: string } {
  const text = typed.trim().replace(',', '.')
  if (text === '') return { value: null }
  const value = Number(text)
  const { label, min, max, whole } = setting
  if (!Number.isFinite(value) || value < min || value > max || (whole && !Number.isInteger(value)))
    return { error: `${label} is a ${whole ? 'whole ' : ''}number from ${min} to ${max}, not "${typed}".` }
  return { value }
}

/** The preset that these settings are, where they are one; seed and lengths do not count. */
export function presetOf(settings: ConversationSettings, own: readonly Preset[]): string | null {
  const wanted = relevant(settings)
  return [...own, ...BUILT_IN].find((preset) => relevant(preset.settings) === wanted)?.name ?? null
}

function relevant({ system, temperature, topP, topK, minP, repeatPenalty }: ConversationSettings): string {
  return JSON.stringify([system, temperature, topP, topK, minP, repeatPenalty])
}

/** These settings with a preset's, but for seed and lengths. */
export function withPreset(settings: ConversationSettings, preset: Preset): ConversationSettings {
  const { seed, maxTokens, contextLength } = settings
  return { ...preset.settings, seed, maxTokens, contextLength }
}
