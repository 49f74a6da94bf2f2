import { post } from './berth-process.js'

/**
 * A model of random weights says whatever a schema of one value leaves it: `said` makes it say this text, in
 * the quotes of JSON. So a real engine is made to think, to call tools and to stop, token by token.
 */
export const said = (text: string): object => ({ const: text })

/** Thinks unless it is told not to, and says in its prompt how much. */
export const THINKER = [
  '{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant:\n',
  "{% if reasoning_effort == 'low' %}one {% elif reasoning_effort == 'medium' %}one two three {% elif reasoning_effort == 'high' %}one two three four five six {% endif %}",
  '{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% else %}<think>\n{% endif %}',
].join('')

/** Thinks whatever it is told, as DeepSeek R1 does. */
export const BROODER =
  '{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant:\n<think>\n'

/** The JSON of an answer, as it is. */
// oxlint-disable-next-line typescript/no-explicit-any -- what comes is what is being looked at
export async function jsonOf(url: string, body: object): Promise<any> {
  return await (await post(url, body)).json()
}

/** The lines, or the data of the events, of a stream; and all its bytes as text. */
export async function streamOf(
  url: string,
  body: object,
): Promise<{
  readonly raw: string
  // oxlint-disable-next-line typescript/no-explicit-any -- what comes is what is being looked at
  readonly parts: readonly any[]
}> {
  const raw = await (await post(url, body)).text()
  const lines = raw.split('\n').filter((line) => line !== '' && !line.startsWith('event: '))
  const parts = lines
    .map((line) => line.replace(/^data: /, ''))
    .filter((line) => line !== '[DONE]')
    .map((line): unknown => JSON.parse(line))
  return { raw, parts }
}
