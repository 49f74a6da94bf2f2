import { anthropicFamily } from './anthropic-answers.js'
import type { ApiFamily } from './family.js'
import { ollamaFamily } from './ollama-answers.js'
import { openAiFamily } from './openai-answers.js'

/** The first that owns a path answers for it; Ollama's shape is the simplest and stands for all else. */
const FAMILIES: readonly ApiFamily[] = [anthropicFamily, openAiFamily]

export function familyOf(path: string): ApiFamily {
  return FAMILIES.find((family) => family.owns(path)) ?? ollamaFamily
}
