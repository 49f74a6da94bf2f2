import { formatBytes, parametersOf, profileFromGguf, profileFromNumbers } from '@berth/budget'
import type { EngineFacts, GgufMetadata, GgufValue, MemoryProfile } from '@berth/budget'
import type { OllamaShowResponse } from '@berth/protocol'
import type { ModelCard } from '../../host/index.js'
import { formatCount } from '../../shell/index.js'
import { modelText } from '../address/encode.js'
import { KNOWN_MODELS } from '../known-models.js'
import type { ModelRef } from '../state.js'

/** A model of which enough is known to plan for it. */
export interface ModelFacts {
  readonly name: string
  /** For people: size and quantization, or where it is from. */
  readonly detail: string
  /** @throws ProfileError where its figures cannot be a model's. */
  readonly profile: (engine: EngineFacts) => MemoryProfile
}

/** Facts that were made, by the model's text: to plan is to ask the same model at many settings, which it remembers. */
const made = new Map<string, ModelFacts>()
const MOST_MADE = 64

/** What is known without asking anybody, the same for the same model; null where its figures have to be fetched. */
export function factsAtHand(ref: ModelRef, cards: readonly ModelCard[]): ModelFacts | null {
  const key = modelText(ref)
  const had = made.get(key)
  if (had !== undefined) return had
  const facts = makeFacts(ref, cards)
  if (facts === null) return null
  if (made.size >= MOST_MADE) made.clear()
  made.set(key, facts)
  return facts
}

/** Each engine's profile is made once. */
function factsOf(name: string, detail: string, make: (engine: EngineFacts) => MemoryProfile): ModelFacts {
  const profiles = new Map<EngineFacts, MemoryProfile>()
  return {
    name,
    detail,
    profile: (engine) => {
      const profile = profiles.get(engine) ?? make(engine)
      profiles.set(engine, profile)
      return profile
    },
  }
}

function makeFacts(ref: ModelRef, cards: readonly ModelCard[]): ModelFacts | null {
  if (ref.kind === 'known') {
    const known = KNOWN_MODELS.find(({ id }) => id === ref.id)
    if (known === undefined) return null
    const detail = `${formatBytes(known.numbers.weights, 'GB')}, ${known.quantization}`
    return factsOf(known.name, detail, (engine) => profileFromNumbers(known.numbers, engine))
  }
  if (ref.kind === 'numbers') {
    const { numbers, name } = ref
    const detail = `${formatBytes(numbers.weights, 'GB')}, ${formatCount(parametersOf(numbers))} parameters`
    return factsOf(name || 'A model by its numbers', detail, (engine) => profileFromNumbers(numbers, engine))
  }
  if (ref.kind !== 'webllm') return null
  const card = cards.find(({ id }) => id === ref.id)
  if (card?.profile === undefined) return null
  const { profile } = card
  return factsOf(card.name, `WebLLM, ${card.quantization ?? 'compiled'}`, () => profile)
}

/** By the head of a GGUF file. */
export function factsOfFile(name: string, metadata: GgufMetadata): ModelFacts {
  const said = metadata.values['general.name']
  const detail = `GGUF, ${String(metadata.values['general.architecture'] ?? 'unknown')}`
  return factsOf(typeof said === 'string' && said !== '' ? said : name, detail, (engine) =>
    profileFromGguf(metadata, engine),
  )
}

/**
 * By what a server shows of a model of its own.
 * @throws Error where it shows no tensors: not every server does.
 */
export function factsOfShown(
  name: string,
  from: string,
  { model_info: info, tensors, details }: OllamaShowResponse,
): ModelFacts {
  if (tensors === undefined || tensors.length === 0)
    throw new Error('its server does not show the tensors of its models')
  const values = Object.fromEntries(
    Object.entries(info).filter((pair): pair is [string, GgufValue] => isValue(pair[1])),
  )
  // The vocabulary itself is not shown; the embeddings have a row for each of its tokens.
  const rows = tensors.find((tensor) => tensor.name === 'token_embd.weight')?.shape[1]
  const metadata: GgufMetadata = {
    values,
    lengths: rows === undefined ? {} : { 'tokenizer.ggml.tokens': rows },
    tensors: tensors.map(({ name: tensor, type, shape }) => ({
      name: tensor,
      type: type.toUpperCase(),
      shape,
    })),
  }
  const words = [details.parameter_size, details.quantization_level, from]
  return factsOf(name, words.filter((word) => word !== '').join(', '), (engine) =>
    profileFromGguf(metadata, engine),
  )
}

function isValue(value: unknown): value is GgufValue {
  if (Array.isArray(value)) return value.every((each) => typeof each !== 'object')
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
