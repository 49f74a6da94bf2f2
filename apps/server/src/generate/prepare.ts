import type {
  EmbedJob,
  ForeignWish,
  GenerateJob,
  LoadWish,
  Sampling,
  SchedulerRequest,
} from '@berth/scheduler'
import type { OllamaOptions } from '@berth/protocol'
import type { EmbedAsk, GenerateAsk, ThinkLevel } from './ask.js'
import { mergeOptions } from './merge-options.js'
import { promptOf } from './prompt-of.js'
import { RequestError } from './request-error.js'
import type { ServedModel } from './served-models.js'

/** What goes to the scheduler, and what of the request was passed over. */
export interface Prepared {
  readonly request: SchedulerRequest
  readonly warnings: readonly string[]
}

const RUNAWAY_CONTEXTS = 10

/** The least that Ollama ever loads; it takes less for that. */
const LEAST_CONTEXT = 4

/** @throws RequestError where the model cannot do what is asked. */
export function prepareGenerate(asked: GenerateAsk, model: ServedModel, contextLength: number): Prepared {
  const ask = { ...asked, think: thinkOf(asked, model) }
  checkAbilities(ask, model)
  const elsewhere = model.stored.source === 'upstream'
  // Another server has defaults of its own, and knows the model's: it is told what the request says, and no more.
  const defaults = elsewhere ? {} : ask.defaults
  const { options, warnings } = mergeOptions(defaults, model.stored.parameters, ask.options)
  const limit = elsewhere ? options.num_predict : limitOf(options, contextLength)
  const job: GenerateJob = {
    kind: 'generate',
    prompt: promptOf(ask, model.stored),
    sampling: samplingOf(options),
    ...(limit === undefined || limit < 1 ? {} : { maxTokens: limit }),
    ...(elsewhere ? foreignWish(ask) : {}),
    stop: options.stop ?? [],
    overflow: {
      prompt: ask.truncate ? 'truncate' : 'fail',
      answer: ask.shift ? 'shift' : 'stop',
      ...(options.num_keep === undefined || options.num_keep < 0 ? {} : { keep: options.num_keep }),
    },
    ...(ask.format === undefined ? {} : { format: ask.format }),
    ...(ask.topLogprobs === undefined ? {} : { logprobs: { top: ask.topLogprobs } }),
    ...(ask.returnTokens ? { returnTokens: true } : {}),
  }
  return {
    request: { model: model.stored.name, purpose: 'generate', job, ...loadOf(options, ask.keepAliveMs) },
    warnings,
  }
}

export function prepareEmbed(ask: EmbedAsk, model: ServedModel): Prepared {
  const { options, warnings } = mergeOptions({}, model.stored.parameters, ask.options)
  const job: EmbedJob = {
    kind: 'embed',
    inputs: ask.inputs,
    truncate: ask.truncate,
    // Here it bounds each input: the model may be loaded with more.
    ...foreignWish(model.stored.source === 'upstream' ? ask : { options: ask.options }),
  }
  // A context wished for by a model file is meant for conversations; inputs say how long they are.
  const wished = ask.options.num_ctx === undefined ? { ...options, num_ctx: undefined } : options
  return {
    request: { model: model.stored.name, purpose: 'embed', job, ...loadOf(wished, ask.keepAliveMs) },
    warnings,
  }
}

/** What another server is told beside the job; a model of it has no parameters here. */
function foreignWish({
  options: { num_ctx: contextLength },
  keepAliveMs,
}: Pick<EmbedAsk, 'options' | 'keepAliveMs'>): ForeignWish {
  return {
    ...(contextLength === undefined ? {} : { contextLength }),
    ...(keepAliveMs === undefined ? {} : { keepAliveMs }),
  }
}

/** A request without a job: loads the model for `purpose` and is done. */
export function prepareLoad(
  ask: Pick<GenerateAsk, 'options' | 'keepAliveMs' | 'think'>,
  model: ServedModel,
  purpose: 'generate' | 'embed',
): Prepared {
  // Clients load a model to see whether it can think.
  if (ask.think && !model.capabilities.includes('thinking')) throw cannot('thinking', 'think', model)
  const { options, warnings } = mergeOptions({}, model.stored.parameters, ask.options)
  return { request: { model: model.stored.name, purpose, ...loadOf(options, ask.keepAliveMs) }, warnings }
}

/** A model that repeats itself never stops: where nobody sets a limit, it is Ollama's ten contexts. */
function limitOf(
  { num_predict: wanted = -1, num_ctx: context }: OllamaOptions,
  contextLength: number,
): number {
  return wanted > 0 ? wanted : RUNAWAY_CONTEXTS * (context ?? contextLength)
}

function loadOf(
  options: OllamaOptions,
  keepAliveMs: number | undefined,
): Pick<SchedulerRequest, 'wish' | 'keepAliveMs'> {
  const wish: LoadWish = {
    ...(options.num_ctx === undefined ? {} : { contextLength: Math.max(LEAST_CONTEXT, options.num_ctx) }),
    // Negative is "as many as fit".
    ...(options.num_gpu === undefined || options.num_gpu < 0 ? {} : { maxGpuLayers: options.num_gpu }),
  }
  return {
    ...(Object.keys(wish).length === 0 ? {} : { wish }),
    ...(keepAliveMs === undefined ? {} : { keepAliveMs }),
  }
}

function samplingOf(options: OllamaOptions): Sampling {
  const named = {
    temperature: options.temperature,
    topK: options.top_k,
    topP: options.top_p,
    minP: options.min_p,
    // A negative seed is a random one.
    seed: options.seed !== undefined && options.seed >= 0 ? options.seed : undefined,
    repeatPenalty: options.repeat_penalty,
    repeatLastN: options.repeat_last_n,
    frequencyPenalty: options.frequency_penalty,
    presencePenalty: options.presence_penalty,
  }
  const sampling: Sampling = Object.fromEntries(
    Object.entries(named).filter(([, value]) => value !== undefined),
  )
  return sampling
}

/** As in Ollama, a model that can think does so unless told otherwise, whatever its template would have. */
function thinkOf({ think, thinkIfAble }: GenerateAsk, model: ServedModel): ThinkLevel | undefined {
  const able = model.capabilities.includes('thinking')
  if (think === undefined) return able && model.stored.source !== 'upstream' ? true : undefined
  return thinkIfAble && !able && think !== false ? undefined : think
}

/** Asking a model for what it cannot do is a mistake to be told, in Ollama's words where clients know them. */
function checkAbilities(ask: GenerateAsk, model: ServedModel): void {
  const { prompt } = ask
  if (prompt.kind === 'text' && prompt.raw && (prompt.template || prompt.system || prompt.context?.length)) {
    throw new RequestError('bad-request', 'raw mode does not support template, system, or context', 'raw')
  }
  const can: readonly string[] = model.capabilities
  const images =
    prompt.kind === 'chat'
      ? prompt.messages.some((message) => message.images?.length)
      : prompt.images.length > 0
  const needs: readonly (readonly [string, boolean, string, string])[] = [
    ['completion', true, prompt.kind === 'chat' ? 'chat' : 'generate', 'model'],
    ['tools', prompt.kind === 'chat' && (prompt.tools?.length ?? 0) > 0, 'tools', 'tools'],
    ['vision', images, 'images', 'images'],
    ['insert', prompt.kind === 'text' && !!prompt.suffix, 'insert', 'suffix'],
    ['thinking', ask.think !== undefined && ask.think !== false, 'thinking', 'think'],
  ]
  for (const [capability, asked, word, field] of needs) {
    if (!asked || can.includes(capability)) continue
    throw cannot(word, field, model)
  }
}

function cannot(word: string, field: string, { stored, capabilities }: ServedModel): RequestError {
  return new RequestError(
    'bad-request',
    `"${stored.name}" does not support ${word} (it can: ${capabilities.join(', ')})`,
    field,
  )
}
