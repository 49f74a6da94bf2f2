import { answerFormat, PLAIN_ANSWER, type AnswerFormat } from '@berth/protocol'
import type { GenerateJob } from '@berth/scheduler'
import type { Pipeline } from './internals.js'

/** Models that think without a word of it in their configuration. */
const THINKERS = /deepseek-r1|qwq|qwen3(?!.*instruct)|thinking|smollm3|magistral/i

/** How an answer is to be read. The chat template in WebLLM's form seldom tells; the model's name does. */
export function answerFormatOf(
  { pipeline, id }: { readonly pipeline: Pipeline; readonly id: string },
  { prompt }: GenerateJob,
): AnswerFormat {
  if (prompt.kind === 'raw') return PLAIN_ANSWER
  const template = pipeline.config.conv_template
  const source = JSON.stringify(template) + (THINKERS.test(id) ? '<think>' : '')
  return answerFormat(source, template.roles['assistant'] ?? '', false)
}

/** Texts that end every answer of the model: WebLLM finds them, but not before their beginnings are out. */
export function stopsOf({ config }: Pipeline): readonly string[] {
  return config.conv_template.stop_str
}

/** Tokens with which every text of the model begins. */
export function beginOf({ config }: Pipeline): readonly number[] {
  return config.conv_template.system_prefix_token_ids ?? []
}
