import { StoreError } from './store-error.js'

/** A model's whole name. In the store it is a path of four folders, so its parts hold nothing that means anything in a path. */
export interface ModelName {
  readonly host: string
  readonly namespace: string
  readonly model: string
  readonly tag: string
}

const DEFAULTS = { host: 'registry.ollama.ai', namespace: 'library', tag: 'latest' } as const

/** Ollama's rules for the parts: what they begin with, what may follow, how long they may be. */
const PARTS: Readonly<Record<keyof ModelName, { readonly pattern: RegExp; readonly may: string }>> = {
  host: { pattern: /^[a-z0-9_][a-z0-9_.:-]{0,349}$/i, may: 'letters, digits and _ - . :' },
  namespace: { pattern: /^[a-z0-9_][a-z0-9_-]{0,79}$/i, may: 'letters, digits and _ -' },
  model: { pattern: /^[a-z0-9_][a-z0-9_.-]{0,79}$/i, may: 'letters, digits and _ - .' },
  tag: { pattern: /^[a-z0-9_][a-z0-9_.-]{0,79}$/i, may: 'letters, digits and _ - .' },
}

/**
 * Reads `[scheme://][host/][namespace/]model[:tag]` and fills in what is left out: `registry.ollama.ai`,
 * `library`, `latest`.
 * @throws StoreError `bad-name` that says which part is wrong.
 */
export function parseModelName(text: string): ModelName {
  const bare = text.trim().replace(/^[a-z]+:\/\//i, '')
  if (bare === '')
    throw new StoreError('bad-name', 'invalid model name: it is empty; give one like "smollm2:135m"')
  const slashes = bare.split('/')
  if (slashes.length > 3) {
    throw new StoreError(
      'bad-name',
      `invalid model name ${JSON.stringify(text)}: it has ${slashes.length} parts, and may have three: host/namespace/model`,
    )
  }
  const last = slashes.at(-1) ?? ''
  const colon = last.lastIndexOf(':')
  const name: ModelName = {
    host: slashes.length === 3 ? (slashes[0] ?? '') : DEFAULTS.host,
    namespace: slashes.length >= 2 ? (slashes.at(-2) ?? '') : DEFAULTS.namespace,
    model: colon < 0 ? last : last.slice(0, colon),
    tag: colon < 0 ? DEFAULTS.tag : last.slice(colon + 1),
  }
  for (const part of ['host', 'namespace', 'model', 'tag'] as const) {
    if (!isNamePart(part, name[part])) {
      throw new StoreError(
        'bad-name',
        `invalid model name ${JSON.stringify(text)}: the ${part} ${JSON.stringify(name[part])} may hold ${PARTS[part].may}, beginning with a letter, a digit or _`,
      )
    }
  }
  return name
}

/** Whether the text can be this part of a name. */
export function isNamePart(part: keyof ModelName, text: string): boolean {
  return PARTS[part].pattern.test(text)
}

/** The name as users know it: the usual host and namespace left out, the tag always there. */
export function shortName(name: ModelName): string {
  const rest = `${name.model}:${name.tag}`
  if (!same(name.host, DEFAULTS.host)) return `${name.host}/${name.namespace}/${rest}`
  return same(name.namespace, DEFAULTS.namespace) ? rest : `${name.namespace}/${rest}`
}

/** Equal for names that mean the same model: case does not count. */
export function nameKey(name: ModelName): string {
  return `${name.host}/${name.namespace}/${name.model}:${name.tag}`.toLowerCase()
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
