import { BackendError, type EmbedJob, type Metrics, type RunEnd } from '@berth/scheduler'
import { engineError } from './engine-error.js'
import type { Model } from './generation.js'
import { listField } from './json.js'
import { longestHead } from './prompt.js'
import type { WllamaRun } from './wllama-run.js'

/** The engine's vectors as they are. */
const NOT_NORMALISED = -1

/** Runs one embedding job in one slot, text after text. */
export async function embed(model: Model, job: EmbedJob, run: WllamaRun): Promise<RunEnd> {
  const begun = performance.now()
  let metrics: Metrics = { promptTokens: 0, cachedTokens: 0, promptMs: 0, decodedTokens: 0, decodeMs: 0 }
  for (const [index, input] of job.inputs.entries()) {
    if (run.cancelled) return { how: 'cancelled', metrics }
    const { text, tokens } = await fit(model, job, input, index)
    const vector = await vectorOf(model, text)
    metrics = {
      ...metrics,
      promptTokens: metrics.promptTokens + tokens,
      promptMs: performance.now() - begun,
    }
    run.piece({ type: 'embedding', index, vector, tokens })
    run.progress({ phase: 'prompt', tokens: index + 1, of: job.inputs.length })
  }
  if (run.cancelled) return { how: 'cancelled', metrics }
  run.piece({ type: 'finished', reason: 'stop', metrics })
  return { how: 'finished', reason: 'stop', metrics }
}

/** A text's vector. @throws BackendError */
export async function vectorOf({ engine }: Pick<Model, 'engine'>, text: string): Promise<readonly number[]> {
  const request = await engine.submit('embedding', { input: text, embd_normalize: NOT_NORMALISED })
  for (;;) {
    const { more, error, value } = await engine.poll(request)
    if (error) throw engineError(value)
    const vector = listField(value, 'data', 0, 'embedding')
    if (vector.length > 0) return vector.map(Number)
    if (!more) throw new BackendError('engine', 'The engine gave no vector')
  }
}

async function fit(
  { tokenizer, limit }: Model,
  job: EmbedJob,
  input: string,
  index: number,
): Promise<{ readonly text: string; readonly tokens: number }> {
  const tokens = await tokenizer.count(input)
  if (tokens === 0) {
    throw new BackendError(
      'bad-job',
      `Expected input ${index} to be a text with something in it, got an empty one`,
    )
  }
  const room = limit - tokenizer.added
  if (tokens <= room) return { text: input, tokens: tokens + tokenizer.added }
  if (!job.truncate) {
    throw new BackendError(
      'context-overflow',
      `Input ${index} has ${tokens + tokenizer.added} tokens, but the context has room for ${limit}`,
    )
  }
  return { text: await longestHead(input, room, tokenizer), tokens: limit }
}
