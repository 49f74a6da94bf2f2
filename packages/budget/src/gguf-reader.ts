import type { GgufMetadata, GgufValue } from './gguf-metadata.js'
import { ProfileError } from './profile-error.js'

/** More layers than any model has; a larger count is a broken file, and not to be allocated for. */
const MOST_LAYERS = 4096

/** Reads a model's keys with llama.cpp's defaults and says clearly what is wrong with one. */
export class GgufReader {
  readonly architecture: string
  /** Repeating layers, those for predicting further tokens included (llama.cpp's `n_layer_all`). */
  readonly layers: number
  readonly embedding: number
  readonly vocabulary: number
  readonly #metadata: GgufMetadata

  constructor(metadata: GgufMetadata) {
    this.#metadata = metadata
    const architecture = metadata.values['general.architecture']
    if (typeof architecture !== 'string' || architecture === '') {
      throw new ProfileError(
        `general.architecture should name the model's architecture, got ${show(architecture)}`,
      )
    }
    this.architecture = architecture
    this.layers = this.#required('block_count', MOST_LAYERS)
    this.embedding = this.#required('embedding_length')
    this.vocabulary = this.number('vocab_size') ?? this.#tokens()
  }

  /** A count by its key without the architecture; undefined where the file does not say. */
  number(key: string): number | undefined {
    const name = `${this.architecture}.${key}`
    const value = this.#metadata.values[name]
    return value === undefined || Array.isArray(value) ? undefined : this.#count(name, value)
  }

  /** A count that may be given for each layer or for all at once. */
  perLayer(key: string, layer: number): number | undefined {
    const name = `${this.architecture}.${key}`
    const value = this.#metadata.values[name]
    if (!isList(value)) return this.number(key)
    const own = value[layer]
    if (own === undefined) {
      throw new ProfileError(
        `${name} should have an entry for each of ${this.layers} layers, got ${value.length}`,
      )
    }
    return this.#count(name, own)
  }

  /** A yes or no for each layer, given as booleans or as 0 and 1; undefined where the file gives no list. */
  flag(key: string, layer: number): boolean | undefined {
    const value = this.#metadata.values[`${this.architecture}.${key}`]
    if (!isList(value)) return undefined
    const own = value[layer]
    return own === undefined ? undefined : Boolean(own)
  }

  #required(key: string, most = Number.MAX_SAFE_INTEGER): number {
    const name = `${this.architecture}.${key}`
    const value = this.number(key)
    if (value === undefined || value < 1 || value > most) {
      const range = most === Number.MAX_SAFE_INTEGER ? 'from 1' : `from 1 to ${most}`
      throw new ProfileError(
        `${name} should be a whole number ${range}, got ${show(this.#metadata.values[name])}`,
      )
    }
    return value
  }

  #count(name: string, value: GgufValue): number {
    const count = typeof value === 'boolean' ? Number(value) : value
    if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) {
      throw new ProfileError(`${name} should be a whole number from 0, got ${show(value)}`)
    }
    return count
  }

  #tokens(): number {
    const key = 'tokenizer.ggml.tokens'
    const list = this.#metadata.values[key]
    return this.#metadata.lengths[key] ?? (isList(list) ? list.length : 0)
  }
}

function isList(value: GgufValue | undefined): value is Extract<GgufValue, readonly unknown[]> {
  return Array.isArray(value)
}

function show(value: GgufValue | undefined): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 80)
}
