import type { Parameters, PresetMessage } from './manifest.js'

/** A model that lies on the disk, with everything about it but what its GGUF says. */
export interface StoredModel {
  /** As users know it: `smollm2:135m`. */
  readonly name: string
  /** 64 hexadecimal digits that change when anything of the model changes: the manifest's SHA-256, or for a plain file one made of its place, size and time. */
  readonly digest: string
  /** The GGUF files with the weights: one, or all parts of a split one in their order. The first is the one to open. */
  readonly files: readonly [string, ...string[]]
  /** Everything of it on the disk. */
  readonly bytes: number
  readonly modifiedAt: Date
  /** `own`: in Berth's store, may be changed; `shared`: in another Ollama-style store, read only; `folder`: a plain GGUF file; `upstream`: on another server, whose address stands for its file. */
  readonly source: 'own' | 'shared' | 'folder' | 'upstream'
  /** LoRA files, in the order in which they are applied. */
  readonly adapters: readonly string[]
  readonly projectors: readonly string[]
  /** Ollama's Go template; absent where there is none, and the GGUF's own Jinja template counts. */
  readonly template?: string
  readonly system?: string
  /** Options that hold where a request says nothing, by Ollama's names; `stop` is a list. */
  readonly parameters: Parameters
  /** A conversation that every chat begins with. */
  readonly messages: readonly PresetMessage[]
  /** Files with licence texts. */
  readonly licenses: readonly string[]
  /** What the manifest's config says; a plain file has none. */
  readonly facts: ModelFacts
  /** The model this one was made from. */
  readonly parent?: string
}

/** What a list shows of a model. */
export interface ModelFacts {
  readonly format?: string
  readonly family?: string
  readonly families?: readonly string[]
  /** For people: "134.52M". */
  readonly parameterSize?: string
  /** "Q4_K_M". */
  readonly quantization?: string
  /** Tokens that it was trained for. */
  readonly contextLength?: number
  /** Numbers in a token's vector. */
  readonly embeddingLength?: number
}
