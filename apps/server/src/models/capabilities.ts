import type { GgufMetadata } from '@berth/budget'
import type { StoredModel } from './stored-model.js'

/** What a model can be asked for, by Ollama's names. */
export type Capability = 'completion' | 'tools' | 'insert' | 'thinking' | 'vision' | 'embedding'

/**
 * Read from what the file says and from the chat template that counts: a model that pools its tokens'
 * vectors is for embeddings; tools and thinking are what the template has places for; insertion needs the
 * tokens that fill-in-the-middle models are trained with. Vision is never among them: the local engine has none.
 */
export function capabilitiesOf(model: StoredModel, metadata: GgufMetadata): readonly Capability[] {
  const { values } = metadata
  if (`${String(values['general.architecture'])}.pooling_type` in values) return ['embedding']
  const jinja = values['tokenizer.chat_template']
  const go = model.template ?? ''
  const template = go === '' && typeof jinja === 'string' ? jinja : go
  return [
    'completion',
    ...(hasTools(template) ? (['tools'] as const) : []),
    ...(hasInsert(values) || /\{\{-?[^}]*\.Suffix\b/.test(go) ? (['insert'] as const) : []),
    ...(hasThinking(template) ? (['thinking'] as const) : []),
  ]
}

function hasTools(template: string): boolean {
  return /\{[{%]-?[^}]*(\btools\b|\.Tools\b)/.test(template)
}

function hasThinking(template: string): boolean {
  return /<think>|<\/think>|\benable_thinking\b|\breasoning_content\b|\.Thinking\b|\bthinking\b/.test(
    template,
  )
}

function hasInsert(values: GgufMetadata['values']): boolean {
  const has = (...keys: string[]): boolean => keys.some((key) => `tokenizer.ggml.${key}` in values)
  return has('fim_pre_token_id', 'prefix_token_id') && has('fim_suf_token_id', 'suffix_token_id')
}
