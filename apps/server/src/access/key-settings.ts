import type { ClientLimits, RequestClass } from '@berth/scheduler'

/** What a key's line may say beside whose it is. */
export interface KeySettings {
  /** Of requests that do not say; absent: normal. */
  readonly class?: RequestClass
  /** The most urgent that its requests may be; what asks for more is lowered. Absent: any. */
  readonly maxClass?: RequestClass
  /** What it does not say is as the server's settings have it. */
  readonly limits?: Partial<ClientLimits>
}

const CLASS = 'expected interactive, normal or batch'
const COUNT = 'expected a whole number, 0 for no limit'

/** What each setting is for. */
const SETTINGS: Readonly<Record<string, (value: string, so: KeySettings) => KeySettings>> = {
  class: (value, so) => ({ ...so, class: classIn(value) }),
  'max-class': (value, so) => ({ ...so, maxClass: classIn(value) }),
  concurrent: (value, so) => ({ ...so, limits: { ...so.limits, concurrent: countIn(value) } }),
  rpm: (value, so) => ({ ...so, limits: { ...so.limits, requestsPerMinute: countIn(value) } }),
  tpm: (value, so) => ({ ...so, limits: { ...so.limits, tokensPerMinute: countIn(value) } }),
}

/**
 * Reads words such as `class=batch rpm=60`.
 * @throws Error naming the setting and never its value, which may be a key that went astray
 */
export function parseKeySettings(words: readonly string[]): KeySettings {
  let settings: KeySettings = {}
  const seen = new Set<string>()
  for (const word of words) {
    const at = word.indexOf('=')
    const name = word.slice(0, Math.max(0, at))
    const read = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined
    if (read === undefined) {
      throw new Error(`expected settings such as class=batch, of ${Object.keys(SETTINGS).join(', ')}`)
    }
    if (seen.has(name)) throw new Error(`${name}: expected once`)
    seen.add(name)
    try {
      settings = read(word.slice(at + 1), settings)
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
  }
  return settings
}

function classIn(value: string): RequestClass {
  if (value === 'interactive' || value === 'normal' || value === 'batch') return value
  throw new Error(CLASS)
}

function countIn(value: string): number {
  if (/^\d{1,15}$/.test(value)) return Number(value)
  throw new Error(COUNT)
}
