import type { LoadWish } from '@berth/scheduler'
import { count, finite, list, name, oneOf, optional, record, text, wrong } from './checks.js'
import type { Ask } from './contract.js'

const ROLES = ['system', 'user', 'assistant', 'tool'] as const
const KV_TYPES = ['f32', 'f16', 'bf16', 'q8_0', 'q5_1', 'q5_0', 'q4_1', 'q4_0', 'iq4_nl'] as const
const SAMPLING = [
  'temperature',
  'topK',
  'topP',
  'minP',
  'seed',
  'repeatPenalty',
  'repeatLastN',
  'frequencyPenalty',
  'presencePenalty',
] as const

/**
 * A tab's request as far as the scheduler and the engines rely on it. Who sends is a page of ours, but perhaps
 * an older one than the host.
 * @throws BadMessage
 */
export function checkAsk(value: unknown): Ask {
  const ask = record(value, 'ask')
  name(ask['id'], 'ask.id')
  name(ask['model'], 'ask.model')
  oneOf(ask['where'], 'ask.where', ['auto', 'browser', 'server'])
  optional(ask['keepAliveMs'], 'ask.keepAliveMs', finite)
  optional(ask['wish'], 'ask.wish', checkWish)
  checkJob(ask['job'])
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every field that is read was checked above
  return value as Ask
}

function checkJob(value: unknown): void {
  const job = record(value, 'ask.job')
  oneOf(job['kind'], 'ask.job.kind', ['generate'])
  optional(job['maxTokens'], 'ask.job.maxTokens', (tokens, field) => count(tokens, field, 1))
  list(job['stop'], 'ask.job.stop', text)
  checkPrompt(job['prompt'])
  const sampling = record(job['sampling'], 'ask.job.sampling')
  for (const key of SAMPLING) optional(sampling[key], `ask.job.sampling.${key}`, finite)
  const overflow = record(job['overflow'], 'ask.job.overflow')
  oneOf(overflow['prompt'], 'ask.job.overflow.prompt', ['truncate', 'fail'])
  oneOf(overflow['answer'], 'ask.job.overflow.answer', ['shift', 'stop'])
  optional(job['format'], 'ask.job.format', checkFormat)
  optional(job['logprobs'], 'ask.job.logprobs', (logprobs, field) =>
    count(record(logprobs, field)['top'], `${field}.top`, 0),
  )
}

function checkPrompt(value: unknown): void {
  const prompt = record(value, 'ask.job.prompt')
  const kind = oneOf(prompt['kind'], 'ask.job.prompt.kind', ['messages', 'raw'])
  if (kind === 'raw') text(prompt['text'], 'ask.job.prompt.text')
  else list(prompt['messages'], 'ask.job.prompt.messages', checkMessage)
}

function checkMessage(value: unknown, field: string): void {
  const message = record(value, field)
  oneOf(message['role'], `${field}.role`, ROLES)
  text(message['content'], `${field}.content`)
  optional(message['images'], `${field}.images`, (images, of) => list(images, of, image))
}

function image(value: unknown, field: string): void {
  if (!(value instanceof Uint8Array)) throw wrong(field, value, 'the bytes of an image file')
}

function checkFormat(value: unknown, field: string): void {
  const format = record(value, field)
  const kind = oneOf(format['kind'], `${field}.kind`, ['json', 'json-schema', 'gbnf'])
  if (kind === 'json-schema') record(format['schema'], `${field}.schema`)
  if (kind === 'gbnf') text(format['grammar'], `${field}.grammar`)
}

function checkWish(value: unknown, field: string): LoadWish {
  const wish = record(value, field)
  optional(wish['contextLength'], `${field}.contextLength`, (tokens, of) => count(tokens, of, 1))
  optional(wish['kvType'], `${field}.kvType`, (type, of) => oneOf(type, of, KV_TYPES))
  optional(wish['adapters'], `${field}.adapters`, (adapters, of) => list(adapters, of, name))
  optional(wish['maxGpuLayers'], `${field}.maxGpuLayers`, (layers, of) => count(layers, of, 0))
  return wish
}
