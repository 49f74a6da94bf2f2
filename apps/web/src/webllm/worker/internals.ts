import type { LogitProcessor, MLCEngine } from '@mlc-ai/web-llm'

/**
 * What of WebLLM's own insides is used, all of it here: the public face has no way to hear of a prompt's chunks,
 * to cancel in a prompt, or to learn a token's id. Checked when a model is loaded, so that another version of
 * WebLLM fails at once and says so.
 */
export interface Pipeline {
  prefillChunkSize: number
  contextWindowSize: number
  readonly filledKVCacheLength: number
  readonly tokenizer: {
    encode(text: string): Int32Array
    decode(ids: Int32Array): string
    idToToken(id: number): string
  }
  logitProcessor: LogitProcessor | undefined
  /** Tokens of the answer so far, without the one that ends it. */
  readonly outputIds: number[]
  /** Their text. */
  readonly outputMessage: string
  readonly appearedTokensFreq: Map<number, number>
  readonly device: { sync(): Promise<void> }
  readonly config: ModelConfig
  readonly finishReason: string | undefined
  triggerStop(): void
  resetChat(): void
  getRNGState(): number | undefined
  setRNGState(state: number): boolean
  getInputData(): Promise<InputData>
  embedAndForward(input: unknown, length: number): Promise<unknown>
  processNextToken(token: number, config: unknown, position?: number): void
}

/** What of a model's configuration matters to its answers. */
export interface ModelConfig {
  readonly conv_template: {
    readonly roles: Readonly<Record<string, string>>
    readonly stop_str: readonly string[]
    readonly system_prefix_token_ids?: readonly number[] | null
  }
  readonly tokenizer_info?: { readonly token_postproc_method?: string }
  readonly token_table_postproc_method?: string
}

/** The prompt's tokens in order (with images among them), how many that comes to, and how large an image is. */
export type InputData = [parts: (readonly number[] | object)[], length: number, imageSize: unknown]

const FUNCTIONS = [
  'triggerStop',
  'resetChat',
  'getRNGState',
  'setRNGState',
  'getInputData',
  'embedAndForward',
  'processNextToken',
] as const

/** What of an embedding model's pipeline is used. */
export interface EmbeddingPipeline {
  readonly contextWindowSize: number
  readonly tokenizer: { encode(text: string): Int32Array }
}

/** @throws Error where this is another WebLLM than the one that this was made for. */
export function pipelineOf(engine: MLCEngine, model: string): Pipeline {
  const pipeline = loadedOf(engine, model)
  const missing = FUNCTIONS.filter((name) => typeof pipeline[name] !== 'function')
  if (missing.length > 0)
    throw new Error(`this WebLLM has no ${missing.join(', ')}: another version is needed`)
  return pipeline
}

export function embeddingPipelineOf(engine: MLCEngine, model: string): EmbeddingPipeline {
  return loadedOf(engine, model)
}

function loadedOf(engine: MLCEngine, model: string): Pipeline {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- private there; what is used of it is checked
  const { loadedModelIdToPipeline: loaded } = engine as unknown as {
    readonly loadedModelIdToPipeline?: ReadonlyMap<string, Pipeline>
  }
  const pipeline = loaded?.get(model)
  // WebLLM resolves without a model where a load was called off.
  if (pipeline === undefined) throw new Error('WebLLM has loaded no model')
  return pipeline
}

/** Where a run hears of its pipeline's steps; a throw from any of them ends the request. */
export interface Steps {
  /** May change what the pipeline is to compute. */
  prompt(input: InputData): InputData
  /** Before and after each chunk of the prompt, with the tokens computed by then. */
  beforeChunk(): void
  afterChunk(done: number): void
  /** After a token was taken in; `stops` where it ended the answer and is not part of it. */
  token(id: number, stops: boolean): void
}

/** Puts the hooks in; `steps` is asked each time, for there is another run each time. */
export function hook(pipeline: Pipeline, steps: () => Steps | null): void {
  const getInputData = pipeline.getInputData.bind(pipeline)
  const embedAndForward = pipeline.embedAndForward.bind(pipeline)
  const processNextToken = pipeline.processNextToken.bind(pipeline)
  let left = 0
  let done = 0
  pipeline.getInputData = async () => {
    const limit = pipeline.contextWindowSize
    let input: InputData
    try {
      // It would refuse a prompt that is too long in words of its own, without a figure to go by: the run does.
      pipeline.contextWindowSize = Infinity
      input = await getInputData()
    } finally {
      pipeline.contextWindowSize = limit
    }
    const changed = steps()?.prompt(input) ?? input
    left = changed[1]
    done = 0
    return changed
  }
  pipeline.embedAndForward = async (input, length) => {
    const run = steps()
    if (left <= 0 || run === null) return embedAndForward(input, length)
    run.beforeChunk()
    const result = await embedAndForward(input, length)
    // Only queued so far: a cancel is heard between chunks when they are computed one by one.
    await pipeline.device.sync()
    left -= length
    done += length
    run.afterChunk(done)
    return result
  }
  pipeline.processNextToken = (token, config, position) => {
    const before = pipeline.outputIds.length
    processNextToken(token, config, position)
    steps()?.token(token, pipeline.outputIds.length === before)
  }
}
