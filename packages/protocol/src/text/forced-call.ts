import type { AnswerFormat } from './answer-format.js'
import type { OutputFormat, Prompt } from '@berth/scheduler'

/** How an answer that must be a call of a tool is held to that, and read. */
export interface ForcedCall {
  readonly format: OutputFormat
  readonly answer: AnswerFormat
}

/**
 * Where a prompt says that a tool must be called: the form of a call as bare JSON, of the one tool or of any.
 * A model's own syntax would be more natural to it, but only some have marks that a grammar can write.
 */
export function forcedCall(prompt: Prompt): ForcedCall | null {
  if (prompt.kind !== 'messages' || prompt.toolChoice === undefined) return null
  const { tools = [], toolChoice } = prompt
  const callable = toolChoice === 'required' ? tools : tools.filter(({ name }) => name === toolChoice.name)
  if (callable.length === 0) return null
  const calls = callable.map(({ name, parameters }) => ({
    type: 'object',
    properties: {
      name: { const: name },
      arguments: Object.keys(parameters).length === 0 ? { type: 'object' } : parameters,
    },
    additionalProperties: false,
  }))
  return {
    format: { kind: 'json-schema', schema: { anyOf: calls } },
    answer: { thinking: null, tools: { kind: 'json' } },
  }
}
