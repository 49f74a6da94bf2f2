import { parseArgs } from 'node:util'
import { ConfigSchema, type Config } from './schema.js'
import { nearest } from './nearest.js'
import { settingTexts, type SettingText } from './setting.js'
import { withoutKeys } from './upstream-setting.js'

/** What main needs to go on, or to stop with. */
export type ReadConfig =
  | { readonly kind: 'config'; readonly config: Config; readonly warnings: readonly string[] }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  /** One sentence for each thing that is not right. */
  | { readonly kind: 'errors'; readonly errors: readonly string[] }

/** Where the values come from. */
export interface ConfigSources {
  /** Without the program's own name. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** The text of a file. @throws Error where it cannot be read. */
  readonly readFile: (path: string) => string
}

interface Setting extends SettingText {
  readonly key: string
}

/** Every setting, in the order of the schema. */
export const SETTINGS: readonly Setting[] = Object.entries(ConfigSchema.shape).map(([key, schema]) => {
  const text = settingTexts.get(schema)
  if (text === undefined) throw new Error(`The setting ${key} has no text`)
  return { key, ...text }
})

const CONFIG_VARIABLE = 'BERTH_CONFIG'

/** What the command sends to a server that asks for keys; the server itself has no use for it. */
const KEY_VARIABLE = 'BERTH_API_KEY'

/** A value and the name under which its giver knows it: a flag, a variable, or a place in a file. */
interface Given {
  readonly value: unknown
  readonly name: string
}

/** Reads the configuration: flag before environment before file before default. Pure but for `readFile`. */
export function readConfig({ args, env, readFile }: ConfigSources): ReadConfig {
  const errors: string[] = []
  const flags = readFlags(args, errors)
  if (flags.has('help')) return { kind: 'help' }
  if (flags.has('version')) return { kind: 'version' }

  const path = flags.get('config') ?? (env[CONFIG_VARIABLE] || undefined)
  const file = path === undefined ? {} : readFileValues(path, readFile, errors)

  const given = new Map<string, Given>()
  for (const setting of SETTINGS) {
    const found = fromFlags(setting, flags) ?? fromEnvironment(setting, env) ?? fromFile(setting, file, path)
    if (found !== undefined) given.set(setting.key, found)
  }

  const parsed = ConfigSchema.safeParse(
    Object.fromEntries([...given].map(([key, { value }]) => [key, value])),
  )
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const { name, value } = given.get(String(issue.path[0])) ?? {
        name: issue.path.join('.'),
        value: undefined,
      }
      errors.push(`${name}: ${issue.message}, got ${withoutKeys(value)}`)
    }
  }
  if (!parsed.success || errors.length > 0) return { kind: 'errors', errors }
  return { kind: 'config', config: parsed.data, warnings: unknownVariables(env) }
}

function readFlags(args: readonly string[], errors: string[]): ReadonlyMap<string, string> {
  const switches = new Set(['help', 'version', ...SETTINGS.filter(isSwitch).map(({ flag }) => flag)])
  const known = [...switches, 'config', ...SETTINGS.map(({ flag }) => flag)]
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: {
      ...Object.fromEntries(known.map((name) => [name, { type: switches.has(name) ? 'boolean' : 'string' }])),
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    },
  })
  const flags = new Map<string, string>()
  let unknownAt = -2
  for (const token of tokens) {
    // What follows an unknown flag may be its value.
    if (token.kind === 'positional' && token.index === unknownAt + 1) continue
    if (token.kind === 'positional') errors.push(`${token.value}: expected a flag; --help lists them`)
    if (token.kind !== 'option') continue
    const guess = nearest(token.name, known)
    if (!known.includes(token.name)) {
      unknownAt = token.index
      errors.push(
        `${token.rawName}: no such flag${guess === undefined ? '; --help lists them' : `; did you mean --${guess}?`}`,
      )
    } else if (token.value === undefined && !switches.has(token.name)) {
      errors.push(`${token.rawName}: expected a value, as in --${token.name} VALUE`)
    } else {
      flags.set(token.name, token.value ?? 'true')
    }
  }
  return flags
}

const isSwitch = (setting: SettingText): boolean => setting.value === undefined

function readFileValues(
  path: string,
  readFile: ConfigSources['readFile'],
  errors: string[],
): Readonly<Record<string, unknown>> {
  let values: unknown
  try {
    values = JSON.parse(readFile(path))
  } catch (error) {
    errors.push(
      `${path}: expected a file with a JSON object: ${error instanceof Error ? error.message : String(error)}`,
    )
    return {}
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    errors.push(`${path}: expected a JSON object, got ${JSON.stringify(values)}`)
    return {}
  }
  const keys = SETTINGS.map(({ key }) => key)
  for (const key of Object.keys(values)) {
    if (keys.includes(key)) continue
    const guess = nearest(key, keys)
    errors.push(`${path}: ${key}: no such setting${guess === undefined ? '' : `; did you mean ${guess}?`}`)
  }
  return Object.fromEntries(Object.entries(values))
}

function fromFlags({ flag }: Setting, flags: ReadonlyMap<string, string>): Given | undefined {
  const value = flags.get(flag)
  return value === undefined ? undefined : { value, name: `--${flag}` }
}

/** An empty variable counts as none, as in Ollama. */
function fromEnvironment(setting: Setting, env: ConfigSources['env']): Given | undefined {
  for (const name of setting.env) {
    const value = env[name]
    if (value !== undefined && value.trim() !== '') return { value, name }
  }
  return undefined
}

function fromFile({ key }: Setting, file: Readonly<Record<string, unknown>>, path = ''): Given | undefined {
  return Object.hasOwn(file, key) ? { value: file[key], name: `${path}: ${key}` } : undefined
}

/** A misspelt variable of ours would be passed over in silence otherwise. */
function unknownVariables(env: ConfigSources['env']): readonly string[] {
  const known = [CONFIG_VARIABLE, KEY_VARIABLE, ...SETTINGS.flatMap((setting) => setting.env)]
  return Object.keys(env)
    .filter((name) => name.startsWith('BERTH_') && !known.includes(name))
    .map((name) => {
      const guess = nearest(name, known)
      return `${name} is no variable of Berth and is ignored${guess === undefined ? '' : `; did you mean ${guess}?`}`
    })
}
