import { MLCEngine, type LogitProcessor } from '@mlc-ai/web-llm'

/** What an engine computed of a prompt and of the tokens after it. */
export interface Computed {
  readonly promptTokens: number
  readonly text: string
  /** For each token that was written, in order: the log-probability of every token of the vocabulary there. */
  readonly steps: readonly (readonly number[])[]
}

/** Loads a model of this server's and writes so many tokens after a text, always the likeliest one. */
export async function compute(prompt: string, tokens: number, chat = false): Promise<Computed> {
  const record = {
    model_id: 'model',
    model: `${location.origin}/model`,
    model_lib: `${location.origin}/library.wasm`,
  }
  const steps: number[][] = []
  const listener: LogitProcessor = {
    processLogits: (logits) => {
      steps.push(logProbabilities(logits))
      return logits
    },
    processSampledToken: () => {},
    resetState: () => {},
  }
  const engine = new MLCEngine({
    appConfig: { model_list: [record] },
    logitProcessorRegistry: new Map([['model', listener]]),
    logLevel: 'ERROR',
  })
  await engine.reload('model')
  // WebLLM computes a first token while it loads.
  steps.length = 0
  const wish = { max_tokens: tokens, temperature: 0, stream: false as const }
  try {
    if (chat) {
      const answer = await engine.chat.completions.create({
        ...wish,
        messages: [{ role: 'user', content: prompt }],
      })
      return {
        promptTokens: answer.usage?.prompt_tokens ?? 0,
        text: answer.choices[0]?.message.content ?? '',
        steps: [],
      }
    }
    const answer = await engine.completions.create({ ...wish, prompt, ignore_eos: true })
    return { promptTokens: answer.usage?.prompt_tokens ?? 0, text: answer.choices[0]?.text ?? '', steps }
  } finally {
    await engine.unload()
  }
}

function logProbabilities(logits: Float32Array): number[] {
  const largest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY)
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0)
  return Array.from(logits, (logit) => logit - largest - Math.log(sum))
}
