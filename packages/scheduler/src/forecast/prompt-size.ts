import type { Tokens } from '@berth/budget'
import type { Job, Message } from '../job.js'

/** Characters a token: about right for text of European languages, too many for code and others. What was really computed corrects the charge. */
const CHARACTERS_A_TOKEN = 4
/** What a chat template puts around a message. */
const MESSAGE = 8
const IMAGE = 576

/** About how many tokens a job's prompt has, from the length of its text alone. */
export function promptSize(job: Job): Tokens {
  if (job.kind === 'embed') return job.inputs.reduce((sum, text) => sum + tokensOf(text), 0)
  const { prompt } = job
  const after = prompt.after?.length ?? 0
  if (prompt.kind === 'raw') return after + tokensOf(prompt.text) + tokensOf(prompt.suffix ?? '')
  return prompt.messages.reduce((sum, message) => sum + messageSize(message), after)
}

function messageSize({ content, thinking, images }: Message): Tokens {
  return MESSAGE + tokensOf(content) + tokensOf(thinking ?? '') + IMAGE * (images?.length ?? 0)
}

function tokensOf(text: string): Tokens {
  return Math.ceil(text.length / CHARACTERS_A_TOKEN)
}
