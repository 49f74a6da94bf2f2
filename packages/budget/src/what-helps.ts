import type { Layout } from './layout.js'
import type { GgufProfile } from './memory-profile.js'
import type { MemorySettings } from './memory-settings.js'
import type { KvType, Tokens } from './units.js'

const LEAST_CONTEXT: Tokens = 512

/** Fewer bits a weight than this are no use to anybody. */
const FEWEST_BITS = 2

/**
 * What would make a model fit that does not, most useful first; each is tried before it is said.
 * @param fits whether it fits at other settings.
 */
export function whatHelps(
  profile: GgufProfile,
  settings: MemorySettings,
  { missing, parts }: Layout,
  fits: (settings: MemorySettings) => boolean,
): readonly string[] {
  const advice: string[] = []
  const contextLength = halvedUntil(settings.contextLength, LEAST_CONTEXT, (tokens) =>
    fits({ ...settings, contextLength: tokens }),
  )
  if (contextLength !== null)
    advice.push(`a context of ${contextLength} tokens instead of ${settings.contextLength} fits`)
  const slots = halvedUntil(settings.slots, 1, (count) => fits({ ...settings, slots: count }))
  if (slots !== null)
    advice.push(`${slots === 1 ? 'one slot' : `${slots} slots`} instead of ${settings.slots} would fit`)
  const kvType = tighter(settings.kvType).find((type) => fits({ ...settings, kvType: type }))
  if (kvType) advice.push(`a KV cache in ${kvType} instead of ${settings.kvType} fits`)
  const weights = parts.reduce((sum, part) => sum + part.weights, 0)
  const bits = ((weights - missing) * 8) / profile.parameters
  const now = (weights * 8) / profile.parameters
  advice.push(
    bits >= FEWEST_BITS
      ? `a tighter quantization of the model fits: ${bits.toFixed(1)} bits a weight or less (this one takes ${now.toFixed(1)})`
      : `no quantization of this model fits: take a smaller one`,
  )
  return advice
}

function halvedUntil(from: number, least: number, fits: (value: number) => boolean): number | null {
  for (let value = Math.floor(from / 2); value >= least; value = Math.floor(value / 2)) {
    if (fits(value)) return value
  }
  return null
}

function tighter(type: KvType): readonly KvType[] {
  const order: readonly KvType[] = ['f32', 'f16', 'q8_0', 'q4_0']
  const at = order.indexOf(type === 'bf16' ? 'f16' : type)
  return at < 0 ? [] : order.slice(at + 1)
}
