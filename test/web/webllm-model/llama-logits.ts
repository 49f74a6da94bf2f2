import { getLlama, type Token } from 'node-llama-cpp'

/** What llama.cpp makes of the same prompt; `steps` as in the lab. */
export interface Reference {
  readonly promptTokens: number
  readonly steps: readonly (readonly number[])[]
}

/** Every token stays in, as likely as the model has it. */
const UNTOUCHED = { temperature: 1, topK: 0, topP: 1, minP: 0 }

/** The log-probabilities after a text, and after each likeliest token of so many, by node-llama-cpp. */
export async function llamaLogits(gguf: string, prompt: string, tokens: number): Promise<Reference> {
  await using llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, maxThreads: 2 })
  await using model = await llama.loadModel({ modelPath: gguf })
  await using context = await model.createContext({ contextSize: 256, sequences: 1 })
  const sequence = context.getSequence()
  const wanted = model.tokenize(prompt, true)
  const steps: number[][] = []
  let input: Token[] = wanted
  while (steps.length < tokens) {
    const [last = wanted[0], ...before] = input.toReversed()
    if (last === undefined) throw new Error('Expected `prompt` to have a token, got none')
    const results = await sequence.controlledEvaluate([
      ...before.toReversed(),
      [last, { generateNext: { probabilities: true, options: UNTOUCHED } }],
    ])
    const probabilities = results.at(-1)?.next.probabilities
    if (probabilities === undefined) throw new Error('llama.cpp gave no probabilities')
    const vocabulary = 1 + Math.max(...probabilities.keys())
    const step = Array.from({ length: vocabulary }, () => Number.NEGATIVE_INFINITY)
    for (const [token, probability] of probabilities) step[token] = Math.log(probability)
    steps.push(step)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an index of the vocabulary is a token
    input = [step.indexOf(Math.max(...step)) as Token]
  }
  return { promptTokens: wanted.length, steps }
}
