/** How a model spells its tool calls. */
export type ToolSyntax =
  /** `<tool_call>{"name": …, "arguments": …}</tool_call>`, one call each or a list (Hermes, Qwen, Granite …). */
  | { readonly kind: 'tagged'; readonly open: string; readonly close: string }
  /** `[TOOL_CALLS][{"name": …}, …]`, or `[TOOL_CALLS]name[ARGS]{…}` (Mistral). */
  | { readonly kind: 'mistral' }
  /** The whole answer is `{"name": …, "parameters": …}`, or several (Llama 3, and what was taught no syntax). */
  | { readonly kind: 'json' }

/** What of an answer's text is no text: thinking, and calls of tools. */
export interface AnswerFormat {
  /** `begun`: the prompt ends within it already, so that the answer has only its end. */
  readonly thinking: { readonly open: string; readonly close: string; readonly begun: boolean } | null
  readonly tools: ToolSyntax | null
}

/** An answer that is nothing but text. */
export const PLAIN_ANSWER: AnswerFormat = { thinking: null, tools: null }

const THINKING: readonly (readonly [open: string, close: string])[] = [
  ['<think>', '</think>'],
  ['<thinking>', '</thinking>'],
  ['<thought>', '</thought>'],
  ['<reasoning>', '</reasoning>'],
  ['<seed:think>', '</seed:think>'],
  ['<|START_THINKING|>', '<|END_THINKING|>'],
  ['[THINK]', '[/THINK]'],
]

const TAGS: readonly (readonly [open: string, close: string])[] = [
  ['<tool_call>', '</tool_call>'],
  ['<tool_calls>', '</tool_calls>'],
  ['<|tool_call|>', '<|/tool_call|>'],
  ['<|tool_call_start|>', '<|tool_call_end|>'],
  ['<|START_ACTION|>', '<|END_ACTION|>'],
]

/**
 * Reads off a chat template how its model thinks and calls tools.
 * @param template its source, Jinja or Go.
 * @param prompt the end of the rendered prompt, at least.
 * @param asksForTools whether the job has tools: without any, what looks like a call is text.
 */
export function answerFormat(template: string, prompt: string, asksForTools: boolean): AnswerFormat {
  return { thinking: thinkingOf(template, prompt), tools: asksForTools ? toolsOf(template) : null }
}

function thinkingOf(template: string, prompt: string): AnswerFormat['thinking'] {
  const end = prompt.trimEnd()
  for (const [open, close] of THINKING) {
    if (end.endsWith(open)) return { open, close, begun: true }
  }
  for (const [open, close] of THINKING) {
    if (template.includes(open) || template.includes(close)) return { open, close, begun: false }
  }
  // A template that only takes thinking back says no tag; models spell it so.
  if (/\b(enable_thinking|reasoning_content)\b|\.Thinking\b/.test(template)) {
    return { open: '<think>', close: '</think>', begun: false }
  }
  return null
}

function toolsOf(template: string): ToolSyntax {
  if (template.includes('[TOOL_CALLS]')) return { kind: 'mistral' }
  for (const [open, close] of TAGS) if (template.includes(open)) return { kind: 'tagged', open, close }
  return { kind: 'json' }
}

/** Texts that matter to the reader of such an answer, for engines that leave a token's text out where it is a special one. */
export function markersOf({ thinking, tools }: AnswerFormat): readonly string[] {
  return [
    ...(thinking === null ? [] : [thinking.open, thinking.close]),
    ...(tools === null ? [] : toolMarkers(tools)),
  ]
}

function toolMarkers(tools: ToolSyntax): readonly string[] {
  switch (tools.kind) {
    case 'tagged':
      return [tools.open, tools.close]
    case 'mistral':
      return ['[TOOL_CALLS]', '[ARGS]', '[CALL_ID]']
    case 'json':
      return ['<|python_tag|>']
  }
}
