import type { GgufMetadata } from '@berth/budget'
import { capabilitiesOf, type Capability } from './capabilities.js'
import { readGgufMetadata } from './gguf-metadata.js'
import { parameterSize, quantizationName } from './quantization.js'
import type { ModelFacts, StoredModel } from './stored-model.js'

/** What has to be read from the GGUF itself. */
export interface FileFacts {
  readonly facts: Required<ModelFacts>
  readonly capabilities: readonly Capability[]
  /** How many weights there are. */
  readonly parameterCount: number
}

/** How many models' facts are kept; they are small, and models come and go. */
const MOST_KEPT = 512

/** Reads GGUF heads, once for each state of a model: it takes a tenth of a second for a vocabulary of 50,000. */
export class FactsReader {
  readonly #kept = new Map<string, Promise<FileFacts>>()

  /** Rejects where the file is not a readable GGUF. */
  async read(model: StoredModel): Promise<FileFacts> {
    const kept = this.#kept.get(model.digest)
    if (kept !== undefined) return await kept
    const reading = readGgufMetadata(model.files[0]).then((metadata) => fileFacts(model, metadata))
    this.#kept.set(model.digest, reading)
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MOST_KEPT) break
      this.#kept.delete(oldest)
    }
    try {
      return await reading
    } catch (error) {
      this.#kept.delete(model.digest)
      throw error
    }
  }

  /** The facts for a list: a manifest's own, and the file's only for what it leaves out. An unreadable file has few. */
  async listed(model: StoredModel): Promise<ModelFacts> {
    const { facts } = model
    if (facts.family !== undefined && facts.parameterSize !== undefined && facts.quantization !== undefined)
      return facts
    try {
      return { ...(await this.read(model)).facts, ...facts }
    } catch {
      return facts
    }
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
export function factsOfFile(metadata: GgufMetadata): Required<ModelFacts> {
  const family = String(metadata.values['general.architecture'] ?? 'unknown')
  return {
    format: 'gguf',
    family,
    families: [family],
    parameterSize: parameterSize(parametersOf(metadata)),
    quantization: quantizationName(metadata.values['general.file_type']),
  }
}

function parametersOf({ tensors }: GgufMetadata): number {
  return tensors.reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0)
}
