import { formatBytes, parametersOf, profileFromGguf, profileFromNumbers } from '@berth/budget'
import type { EngineFacts, GgufMetadata, GgufValue, MemoryProfile } from '@berth/budget'
import type { OllamaShowResponse } from '@berth/protocol'
import type { ModelCard } from '../../host/index.js'
import { formatCount } from '../../shell/index.js'
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

/** What is known without asking anybody; null where its figures have to be fetched. */
export function factsAtHand(ref: ModelRef, cards: readonly ModelCard[]): ModelFacts | null {
  if (ref.kind === 'known') {
    const known = KNOWN_MODELS.find(({ id }) => id === ref.id)
    if (known === undefined) return null
    return {
      name: known.name,
      detail: `${formatBytes(known.numbers.weights, 'GB')}, ${known.quantization}`,
      profile: (engine) => profileFromNumbers(known.numbers, engine),
    }
  }
  if (ref.kind === 'numbers') {
    const { numbers, name } = ref
    return {
      name: name || 'A model by its numbers',
      detail: `${formatBytes(numbers.weights, 'GB')}, ${formatCount(parametersOf(numbers))} parameters`,
      profile: (engine) => profileFromNumbers(numbers, engine),
    }
  }
  if (ref.kind !== 'webllm') return null
  const card = cards.find(({ id }) => id === ref.id)
  if (card?.profile === undefined) return null
  const { profile } = card
  return { name: card.name, detail: `WebLLM, ${card.quantization ?? 'compiled'}`, profile: () => profile }
}

/** By the head of a GGUF file. */
export function factsOfFile(name: string, metadata: GgufMetadata): ModelFacts {
  const said = metadata.values['general.name']
  return {
    name: typeof said === 'string' && said !== '' ? said : name,
    detail: `GGUF, ${String(metadata.values['general.architecture'] ?? 'unknown')}`,
    profile: (engine) => profileFromGguf(metadata, engine),
  }
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
  return {
    name,
    detail: [details.parameter_size, details.quantization_level, from]
      .filter((word) => word !== '')
      .join(', '),
    profile: (engine) => profileFromGguf(metadata, engine),
  }
}

function isValue(value: unknown): value is GgufValue {
  if (Array.isArray(value)) return value.every((each) => typeof each !== 'object')
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
