import type { OllamaEmbedResponse } from '@berth/protocol'
import { AnswerPrinter, metricLines } from '../chat/answer-printer.js'
import { chat } from '../chat/chat.js'
import { formatOf, thinkOf } from '../chat/chat-commands.js'
import { answer, type Conversation } from '../chat/conversation.js'
import { CliError, EXIT } from '../cli-error.js'
import type { CommandContext } from '../command-context.js'
import { haveModel } from './have-model.js'

export interface RunOptions {
  readonly format?: string
  readonly keepalive?: string
  readonly think?: string
  readonly hidethinking?: boolean
  readonly verbose?: boolean
  readonly nowordwrap?: boolean
  readonly system?: string
  /** False for `--no-pull`. */
  readonly pull?: boolean
}

/** One answer to a prompt, from the arguments or a pipe or both; without either, a chat. */
export async function run(
  context: CommandContext,
  model: string,
  words: readonly string[],
  options: RunOptions,
): Promise<void> {
  const { around, json } = context
  const conversation = conversationOf(model, options)
  const piped = around.stdin.isTTY ? '' : await textOf(around.stdin)
  const prompt = [piped.trimEnd(), words.join(' ')].filter((part) => part !== '').join('\n\n')
  if (prompt === '' && (!around.stdin.isTTY || json)) {
    throw new CliError(`expected a prompt: berth run ${model} PROMPT, or one in a pipe`, EXIT.usage)
  }
  const { capabilities } = await haveModel(context, model, options.pull ?? true)
  if (capabilities.includes('embedding') && !capabilities.includes('completion')) {
    return await vectorOf(context, model, prompt)
  }
  if (prompt !== '') return await once(context, conversation, prompt)
  await chat(context, conversation)
}

async function once(
  { client, out, json, interrupted }: CommandContext,
  conversation: Conversation,
  prompt: string,
): Promise<void> {
  conversation.messages = [{ role: 'user', content: prompt }]
  if (json) {
    const line = (value: object): void => out.write(`${JSON.stringify(value)}\n`)
    await answer(client, conversation, () => undefined, interrupted, line)
    return
  }
  const printer = new AnswerPrinter(out, conversation)
  try {
    const { metrics } = await answer(client, conversation, printer.part, interrupted)
    printer.end()
    if (conversation.verbose) for (const line of metricLines(metrics)) out.note(line)
  } catch (error) {
    printer.end()
    throw error
  }
}

/** A model that only embeds has nothing to say but its vector. */
async function vectorOf(
  { client, out, interrupted }: CommandContext,
  model: string,
  text: string,
): Promise<void> {
  if (text === '') throw new CliError(`${model} makes vectors of texts: expected a text`, EXIT.usage)
  const { embeddings } = await client.json<OllamaEmbedResponse>(
    'POST',
    '/api/embed',
    { model, input: text },
    interrupted,
  )
  out.line(JSON.stringify(embeddings[0]))
}

function conversationOf(model: string, options: RunOptions): Conversation {
  const { format, think, keepalive, system } = options
  return {
    model,
    system,
    messages: [],
    options: {},
    format: format === undefined || format === '' ? undefined : formatOf(format),
    think: think === undefined ? undefined : thinkOf(think),
    keepAlive: keepalive,
    hideThinking: options.hidethinking ?? false,
    verbose: options.verbose ?? false,
    wordWrap: !(options.nowordwrap ?? false),
  }
}

async function textOf(stream: NodeJS.ReadStream): Promise<string> {
  let text = ''
  stream.setEncoding('utf8')
  for await (const chunk of stream) text += String(chunk)
  return text
}
