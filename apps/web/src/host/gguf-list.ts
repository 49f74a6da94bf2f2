import type { Bytes, Tokens } from '@berth/budget'
import type { Capability } from './contract.js'

/** A GGUF file that people may want, as a list names it. */
export interface ListedGguf {
  readonly url: string
  readonly name: string
  /** Roughly: the server tells exactly, when the file is wanted. */
  readonly about: Bytes
  readonly exact: Bytes | null
  readonly parameters: number | null
  readonly license: string | null
  readonly contextLength: Tokens | null
  readonly capabilities: readonly Capability[]
  /** The same model's name on its server, where it is from one. */
  readonly madeFrom: string | null
  readonly quantization: string | null
}

function hub(
  repository: string,
  file: string,
  about: Bytes,
  rest: Pick<ListedGguf, 'name' | 'parameters' | 'license' | 'contextLength' | 'quantization'> & {
    readonly capabilities?: readonly Capability[]
  },
): ListedGguf {
  return {
    capabilities: ['chat'],
    ...rest,
    url: `https://huggingface.co/${repository}/resolve/main/${file}`,
    about,
    exact: null,
    madeFrom: null,
  }
}

/** Small models that run well on a CPU in a browser, from the publishers' own or long kept repositories. */
export const GGUF_LIST: readonly ListedGguf[] = [
  hub('bartowski/SmolLM2-135M-Instruct-GGUF', 'SmolLM2-135M-Instruct-Q8_0.gguf', 145e6, {
    name: 'SmolLM2-135M-Instruct',
    parameters: 134_515_008,
    license: 'apache-2.0',
    contextLength: 8192,
    quantization: 'Q8_0',
  }),
  hub('bartowski/SmolLM2-360M-Instruct-GGUF', 'SmolLM2-360M-Instruct-Q8_0.gguf', 386e6, {
    name: 'SmolLM2-360M-Instruct',
    parameters: 361_821_120,
    license: 'apache-2.0',
    contextLength: 8192,
    quantization: 'Q8_0',
  }),
  hub('Qwen/Qwen2.5-0.5B-Instruct-GGUF', 'qwen2.5-0.5b-instruct-q4_k_m.gguf', 491e6, {
    name: 'Qwen2.5-0.5B-Instruct',
    parameters: 494_000_000,
    license: 'apache-2.0',
    contextLength: 32_768,
    quantization: 'Q4_K_M',
    capabilities: ['chat', 'tools'],
  }),
  hub('Qwen/Qwen3-0.6B-GGUF', 'Qwen3-0.6B-Q8_0.gguf', 639e6, {
    name: 'Qwen3-0.6B',
    parameters: 596_000_000,
    license: 'apache-2.0',
    contextLength: 40_960,
    quantization: 'Q8_0',
    capabilities: ['chat', 'tools', 'thinking'],
  }),
  hub('ggml-org/gemma-3-1b-it-GGUF', 'gemma-3-1b-it-Q4_K_M.gguf', 806e6, {
    name: 'gemma-3-1b-it',
    parameters: 1_000_000_000,
    license: 'gemma',
    contextLength: 32_768,
    quantization: 'Q4_K_M',
  }),
  hub('bartowski/Llama-3.2-1B-Instruct-GGUF', 'Llama-3.2-1B-Instruct-Q4_K_M.gguf', 808e6, {
    name: 'Llama-3.2-1B-Instruct',
    parameters: 1_235_814_400,
    license: 'llama3.2',
    contextLength: 131_072,
    quantization: 'Q4_K_M',
    capabilities: ['chat', 'tools'],
  }),
  hub('bartowski/SmolLM2-1.7B-Instruct-GGUF', 'SmolLM2-1.7B-Instruct-Q4_K_M.gguf', 1056e6, {
    name: 'SmolLM2-1.7B-Instruct',
    parameters: 1_711_376_384,
    license: 'apache-2.0',
    contextLength: 8192,
    quantization: 'Q4_K_M',
  }),
  hub('Qwen/Qwen2.5-1.5B-Instruct-GGUF', 'qwen2.5-1.5b-instruct-q4_k_m.gguf', 1117e6, {
    name: 'Qwen2.5-1.5B-Instruct',
    parameters: 1_540_000_000,
    license: 'apache-2.0',
    contextLength: 32_768,
    quantization: 'Q4_K_M',
    capabilities: ['chat', 'tools'],
  }),
]
