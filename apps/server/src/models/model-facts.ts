import type { GgufMetadata } from '@berth/budget'
import { capabilitiesOf, type Capability } from './capabilities.js'
import type { FactsFile } from './facts-file.js'
import { readGgufMetadata } from './gguf-metadata.js'
import { parameterSize, quantizationName } from './quantization.js'
import type { ModelFacts, StoredModel } from './stored-model.js'

/** Every file tells these; the lengths are not in all. */
export type FullFacts = ModelFacts & Required<Omit<ModelFacts, 'contextLength' | 'embeddingLength'>>

/** What has to be read from the GGUF itself. */
export interface FileFacts {
  readonly facts: FullFacts
  readonly capabilities: readonly Capability[]
  /** How many weights there are. */
  readonly parameterCount: number
}

/** What a list shows. */
export interface ListedFacts extends ModelFacts {
  /** None where the file cannot be read. */
  readonly capabilities: readonly Capability[]
}

/** Reads GGUF heads, once for each state of a model: it takes a tenth of a second for a vocabulary of 50,000. */
export class FactsReader {
  readonly #reading = new Map<string, Promise<FileFacts>>()
  readonly #file: FactsFile
  /** A list of many models leaves room for others' work between two files. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(file: FactsFile) {
    this.#file = file
  }

  /** Rejects where the file is not a readable GGUF. */
  async read(model: StoredModel): Promise<FileFacts> {
    return await this.#once(model, () => readGgufMetadata(model.files[0]))
  }

  /** The facts for lists: a manifest's own over the file's. An unreadable file has few. */
  async listed(model: StoredModel): Promise<ListedFacts> {
    try {
      const { facts, capabilities } = await this.#once(model, () => this.#inTurn(model.files[0]))
      await this.#file.save()
      return { ...facts, ...model.facts, capabilities }
    } catch {
      return { ...model.facts, capabilities: [] }
    }
  }

  async #once(model: StoredModel, head: () => Promise<GgufMetadata>): Promise<FileFacts> {
    const { digest } = model
    const kept = await this.#file.get(digest)
    if (kept !== undefined) return kept
    let reading = this.#reading.get(digest)
    if (reading === undefined) {
      reading = head().then(async (metadata) => {
        const facts = fileFacts(model, metadata)
        await this.#file.put(digest, facts)
        return facts
      })
      this.#reading.set(digest, reading)
    }
    try {
      return await reading
    } finally {
      this.#reading.delete(digest)
    }
  }

  #inTurn(path: string): Promise<GgufMetadata> {
    const reading = this.#turn.then(() => readGgufMetadata(path))
    this.#turn = reading.catch(() => {})
    return reading
  }
}

export function fileFacts(model: StoredModel, metadata: GgufMetadata): FileFacts {
  return {
    facts: factsOfFile(metadata),
    capabilities: capabilitiesOf(model, metadata),
    parameterCount: parametersOf(metadata),
  }
}

/** What a list shows of a model, by its file alone. */
export function factsOfFile(metadata: GgufMetadata): FullFacts {
  const family = String(metadata.values['general.architecture'] ?? 'unknown')
  return {
    format: 'gguf',
    family,
    families: [family],
    parameterSize: parameterSize(parametersOf(metadata)),
    quantization: quantizationName(metadata.values['general.file_type']),
    ...lengthOf(metadata, 'contextLength', `${family}.context_length`),
    ...lengthOf(metadata, 'embeddingLength', `${family}.embedding_length`),
  }
}

function lengthOf(
  { values }: GgufMetadata,
  name: 'contextLength' | 'embeddingLength',
  key: string,
): Pick<ModelFacts, typeof name> {
  const length = values[key]
  return typeof length === 'number' && length > 0 ? { [name]: length } : {}
}

function parametersOf({ tensors }: GgufMetadata): number {
  return tensors.reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0)
}
