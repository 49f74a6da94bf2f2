import { post } from './berth-process.js'

export const chat = {
  model: 'smollm2',
  messages: [
    { role: 'system', content: 'You are a helpful assistant.' },
    { role: 'user', content: 'What is the capital of France?' },
  ],
  options: { temperature: 0, num_predict: 24 },
}

/** A text that the model goes on with for as long as it is let. */
export const song = (tokens: number) => ({
  model: 'smollm2',
  raw: true,
  prompt: 'la la la la la la la la la la la la la la la la la la la la la la la la',
  options: { temperature: 0, num_predict: tokens },
})

export interface Line {
  readonly message?: { readonly content: string }
  readonly response?: string
  readonly done?: boolean
  readonly error?: string
}

/** The lines of a stream as they come. */
export async function* linesOf(response: Response): AsyncGenerator<Line, void, void> {
  let rest = ''
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) yield JSON.parse(part)
  }
}

/** The text of a chat's answer, or its error. */
export async function answerOf(url: string, body: object): Promise<string> {
  let text = ''
  for await (const line of linesOf(await post(`${url}/api/chat`, body)))
    text += line.message?.content ?? line.error
  return text
}
