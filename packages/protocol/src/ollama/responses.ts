/** Times are whole nanoseconds; what is zero is left out. */
export interface OllamaMetrics {
  readonly total_duration?: number
  /** All before the slot: queueing and loading. */
  readonly load_duration?: number
  readonly prompt_eval_count?: number
  readonly prompt_eval_duration?: number
  readonly eval_count?: number
  readonly eval_duration?: number
}

export type OllamaDoneReason = 'stop' | 'length' | 'load' | 'unload'

interface OllamaTokenLogprob {
  readonly token: string
  readonly logprob: number
  readonly bytes?: readonly number[]
}

export interface OllamaLogprob extends OllamaTokenLogprob {
  readonly top_logprobs?: readonly OllamaTokenLogprob[]
}

interface OllamaAnswer extends OllamaMetrics {
  readonly model: string
  /** RFC 3339. */
  readonly created_at: string
  readonly done: boolean
  readonly done_reason?: OllamaDoneReason
  readonly logprobs?: readonly OllamaLogprob[]
}

/** A line of `/api/generate`, or its whole answer where it does not stream. */
export interface OllamaGenerateResponse extends OllamaAnswer {
  readonly response: string
  readonly thinking?: string
  readonly context?: readonly number[]
}

export interface OllamaToolCall {
  readonly id?: string
  readonly function: {
    readonly index: number
    readonly name: string
    readonly arguments: Readonly<Record<string, unknown>>
  }
}

/** A line of `/api/chat`, or its whole answer where it does not stream. */
export interface OllamaChatResponse extends OllamaAnswer {
  readonly message: {
    readonly role: 'assistant'
    readonly content: string
    readonly thinking?: string
    readonly tool_calls?: readonly OllamaToolCall[]
  }
}

export interface OllamaEmbedResponse {
  readonly model: string
  readonly embeddings: readonly (readonly number[])[]
  readonly total_duration?: number
  readonly load_duration?: number
  readonly prompt_eval_count?: number
}

export interface OllamaEmbeddingsResponse {
  readonly embedding: readonly number[]
}

export interface OllamaDetails {
  readonly parent_model: string
  readonly format: string
  readonly family: string
  readonly families: readonly string[] | null
  readonly parameter_size: string
  readonly quantization_level: string
  /** Tokens that the model was trained for. */
  readonly context_length?: number
  readonly embedding_length?: number
}

export interface OllamaTagsResponse {
  readonly models: readonly {
    readonly name: string
    readonly model: string
    readonly modified_at: string
    readonly size: number
    readonly digest: string
    readonly details: OllamaDetails
    readonly capabilities?: readonly string[]
  }[]
}

export interface OllamaPsResponse {
  readonly models: readonly {
    readonly name: string
    readonly model: string
    readonly size: number
    readonly digest: string
    readonly details: OllamaDetails
    readonly expires_at: string
    readonly size_vram: number
    readonly context_length: number
  }[]
}

export interface OllamaShowResponse {
  readonly license?: string
  readonly modelfile: string
  readonly parameters?: string
  readonly template?: string
  readonly system?: string
  readonly details: OllamaDetails
  readonly messages?: readonly { readonly role: string; readonly content: string }[]
  readonly model_info: Readonly<Record<string, unknown>>
  readonly tensors?: readonly {
    readonly name: string
    readonly type: string
    readonly shape: readonly number[]
  }[]
  readonly capabilities: readonly string[]
  readonly modified_at: string
}

export interface OllamaVersionResponse {
  /** Of Ollama; clients look here for what they may ask. */
  readonly version: string
  /** Berth's own; absent where Ollama answers. */
  readonly berth?: string
}

/** Whether models elsewhere may be used by way of an account; here never. */
export interface OllamaStatusResponse {
  readonly cloud: { readonly disabled: boolean; readonly source: 'none' | 'env' | 'config' | 'both' }
}

export interface OllamaErrorResponse {
  readonly error: string
}
