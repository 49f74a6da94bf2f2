import {
  DEFAULT_STATE,
  isKnown,
  isPreset,
  KV_TYPES,
  MOST_COLUMNS,
  MOST_GPUS,
  MOST_MODELS,
  RANGES,
} from '../state.js'
import type { MachineRef, ModelRef, PlannerState, PolicyColumn } from '../state.js'
import { VERSION } from './encode.js'

export interface DecodedAddress {
  /** As far as the address could be understood; what could not is as usual. */
  readonly state: PlannerState
  /** What could not be understood, a sentence each. */
  readonly problems: readonly string[]
}

/** What an address shows. Total: whatever it is, there is something to show. */
export function decodeAddress(hash: string): DecodedAddress {
  const query = /\?(.*)$/s.exec(hash)?.[1] ?? ''
  return new AddressReader(new URLSearchParams(query)).read()
}

class AddressReader {
  readonly #values: URLSearchParams
  readonly #problems: string[] = []

  constructor(values: URLSearchParams) {
    this.#values = values
  }

  read(): DecodedAddress {
    const version = this.#values.get('v')
    if (version !== null && version !== String(VERSION))
      this.#problems.push(
        `This link was made by another version of the planner (v=${cut(version)}, here ${VERSION}): some of it may be missing.`,
      )
    const { fits, whatIf, tab } = DEFAULT_STATE
    const state: PlannerState = {
      tab: this.#one('tab', ['fits', 'what-if'], tab),
      fits: {
        models: this.#models(),
        together: this.#one('together', ['true', 'false'], fits.together ? 'true' : 'false') === 'true',
        machine: this.#machine(),
        contextLength: this.#count('ctx', RANGES.contextLength, fits.contextLength),
        slots: this.#count('slots', RANGES.slots, fits.slots),
        kvType: this.#one('kv', KV_TYPES, fits.kvType),
      },
      whatIf: {
        example: this.#values.get('example') ?? whatIf.example,
        machine: this.#values.get('box') ?? whatIf.machine,
        columns: this.#columns(),
        step: this.#count('step', RANGES.step, whatIf.step),
      },
    }
    return { state, problems: this.#problems }
  }

  #one<Value extends string>(name: string, choices: readonly Value[], usual: Value): Value {
    const text = this.#values.get(name)
    if (text === null) return usual
    const found = choices.find((choice) => choice === text)
    if (found === undefined) this.#wrong(name, text, `one of ${choices.join(', ')}`)
    return found ?? usual
  }

  #count(name: string, range: { readonly least: number; readonly most: number }, usual: number): number {
    const text = this.#values.get(name)
    if (text === null) return usual
    const count = wholeIn(text, range)
    if (count === null) this.#wrong(name, text, `a whole number from ${range.least} to ${range.most}`)
    return count ?? usual
  }

  #models(): readonly ModelRef[] {
    const texts = this.#values.getAll('m')
    if (texts.length === 0) return DEFAULT_STATE.fits.models
    if (texts.length === 1 && texts[0] === 'none') return []
    const read = texts.flatMap((text) => {
      const model = readModel(text)
      if (model === null) this.#wrong('m', text, 'a model, such as known:qwen3-8b or gguf:https://…')
      return model ?? []
    })
    if (read.length > MOST_MODELS)
      this.#problems.push(`The link names ${read.length} models; the first ${MOST_MODELS} are shown.`)
    return read.slice(0, MOST_MODELS)
  }

  #machine(): MachineRef {
    const text = this.#values.get('on')
    if (text === null) return DEFAULT_STATE.fits.machine
    const machine = readMachine(text)
    if (machine === null)
      this.#wrong('on', text, 'a machine, such as preset:rtx-4090, own:8/16 (GB of VRAM, RAM) or browser')
    return machine ?? DEFAULT_STATE.fits.machine
  }

  #columns(): readonly PolicyColumn[] {
    const texts = this.#values.getAll('p')
    const read = texts.flatMap((text) => {
      const column = readColumn(text)
      if (column === null) this.#wrong('p', text, 'a policy, such as fair,lru,preempt')
      return column ?? []
    })
    if (read.length > MOST_COLUMNS)
      this.#problems.push(`The link compares ${read.length} policies; the first ${MOST_COLUMNS} are shown.`)
    return read.length === 0 ? DEFAULT_STATE.whatIf.columns : read.slice(0, MOST_COLUMNS)
  }

  #wrong(name: string, text: string, right: string): void {
    this.#problems.push(`The link says ${name}=${cut(text)}: expected ${right}.`)
  }
}

const cut = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text)

function wholeIn(
  text: string,
  { least, most }: { readonly least: number; readonly most: number },
): number | null {
  const count = Number(text)
  return /^\d{1,15}$/.test(text) && count >= least && count <= most ? count : null
}

function readModel(text: string): ModelRef | null {
  const [, kind = '', rest = ''] = /^(known|gguf|server|webllm|numbers):(.+)$/s.exec(text) ?? []
  switch (kind) {
    case 'known':
      return isKnown(rest) ? { kind, id: rest } : null
    case 'gguf':
      return isAddress(rest) ? { kind, url: rest } : null
    case 'webllm':
      return { kind, id: rest }
    case 'server': {
      const [, address = '', name = ''] = /^([^,]*),(.+)$/s.exec(rest) ?? []
      return name !== '' && (address === '' || isAddress(address)) ? { kind, address, name } : null
    }
    case 'numbers':
      return readNumbers(rest)
    default:
      return null
  }
}

/** What the figures of a card may be is for `profileFromNumbers` to say, where one can mend it. */
function readNumbers(text: string): ModelRef | null {
  const figures = /^(\d{1,15}),(\d{1,15}),(\d{1,15}),(\d{1,15}),(\d{1,15}),(\d{1,15}),(.*)$/s.exec(text)
  if (figures === null) return null
  const [layers = 0, kvHeads = 0, headSize = 0, hidden = 0, vocabulary = 0, weights = 0] = figures
    .slice(1, 7)
    .map(Number)
  const numbers = { layers, kvHeads, headSize, hidden, vocabulary, weights }
  return { kind: 'numbers', name: figures[7] ?? '', numbers }
}

function readMachine(text: string): MachineRef | null {
  if (text === 'browser') return { kind: 'browser' }
  const [, kind, rest = ''] = /^(server|preset|own):(.*)$/s.exec(text) ?? []
  if (kind === 'server') return rest === '' || isAddress(rest) ? { kind, address: rest } : null
  if (kind === 'preset') return isPreset(rest) ? { kind, id: rest } : null
  if (kind !== 'own') return null
  const [, cards = '', host = ''] = /^([\d,]*)\/(\d+)$/.exec(rest) ?? []
  const vram = cards === '' ? [] : cards.split(',').map((gb) => wholeIn(gb, RANGES.vram))
  const ram = wholeIn(host, RANGES.ram)
  if (ram === null || vram.length > MOST_GPUS) return null
  const whole = vram.flatMap((gb) => gb ?? [])
  return whole.length === vram.length ? { kind, vram: whole, ram } : null
}

function readColumn(text: string): PolicyColumn | null {
  const words = new Set(text.split(','))
  const take = <Word extends string>(choices: readonly Word[]): Word | undefined =>
    choices.find((choice) => words.delete(choice))
  const policy = take(['fifo', 'fair', 'shortest'])
  const eviction = take(['lru', 'cost', 'oracle'])
  const preempt = take(['preempt']) !== undefined
  return policy === undefined || eviction === undefined || words.size > 0
    ? null
    : { policy, eviction, preempt }
}

function isAddress(text: string): boolean {
  return /^https?:\/\/\S+$/i.test(text) && URL.canParse(text)
}
