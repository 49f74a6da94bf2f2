import type {
  BackendErrorData,
  EmbedJob,
  ForeignWish,
  FinishReason,
  GenerateJob,
  Job,
  Message,
  Metrics,
  OutputFormat,
  Overflow,
  Piece,
  Prompt,
  RunProgress,
  ToolCall,
} from '@berth/scheduler'
import {
  type Cases,
  type Check,
  checkMessage,
  isArray,
  isBoolean,
  isNumber,
  isObject,
  isOptional,
  isString,
  listOf,
  oneOf,
  shape,
  variant,
} from './checks.js'
import type {
  EngineMemory,
  FromChild,
  LoadOrder,
  ParkedState,
  ProbeResult,
  ResumeFrom,
  RunOutcome,
  RunReport,
  ToChild,
} from './protocol.js'

// The checks go as deep as kinds and fields: not into tokens, vectors and scores, of which there are many in
// every message, nor into what a job's model, grammar or template makes of its content.

const isId = isNumber
const isTokens = isArray
const isGpu = oneOf('auto', 'cuda', 'vulkan', 'metal', false)
const isLevel = oneOf('debug', 'warn', 'error')
const reasons: readonly FinishReason[] = ['stop', 'length', 'tool-calls', 'content-filter']
const isReason = oneOf(...reasons)

const isErrorData: Check = (value) =>
  isObject(value) &&
  isString(value['code' satisfies keyof BackendErrorData]) &&
  isString(value['message' satisfies keyof BackendErrorData])

const isMetrics = shape<Metrics>({
  promptTokens: isNumber,
  cachedTokens: isNumber,
  promptMs: isNumber,
  decodedTokens: isNumber,
  decodeMs: isNumber,
  estimated: isOptional(isBoolean),
})

const isOrder = shape<LoadOrder>({
  path: isString,
  adapters: listOf(isString),
  parkingFolder: isString,
  purpose: oneOf('generate', 'embed'),
  contextLength: isNumber,
  slots: isNumber,
  kvType: isString,
  flashAttention: oneOf('auto', true, false),
  gpuLayers: isNumber,
  useMmap: isBoolean,
  batchSize: isNumber,
  embedLimit: isNumber,
  threads: isNumber,
  maxThreads: isNumber,
})

const isMessage = shape<Message>({
  role: oneOf('system', 'user', 'assistant', 'tool'),
  content: isString,
  thinking: isOptional(isString),
  images: isOptional(isArray),
  toolCalls: isOptional(listOf(isObject)),
  toolCallId: isOptional(isString),
  toolName: isOptional(isString),
})

const isPrompt = variant<Prompt, 'kind'>('kind', {
  messages: {
    messages: listOf(isMessage),
    tools: isOptional(listOf(isObject)),
    toolChoice: isOptional((value) => value === 'required' || isObject(value)),
    templateArguments: isOptional(isObject),
    template: isOptional(isObject),
    after: isOptional(isTokens),
  },
  raw: { text: isString, after: isOptional(isTokens), suffix: isOptional(isString) },
})

const foreignWish: { readonly [Field in keyof ForeignWish]-?: Check } = {
  contextLength: isOptional(isNumber),
  keepAliveMs: isOptional(isNumber),
}
const generateJob: Omit<{ readonly [Field in keyof GenerateJob]-?: Check }, 'kind'> = {
  ...foreignWish,
  prompt: isPrompt,
  sampling: isObject,
  maxTokens: isOptional(isNumber),
  stop: listOf(isString),
  overflow: shape<Overflow>({
    prompt: oneOf('truncate', 'fail'),
    answer: oneOf('shift', 'stop'),
    keep: isOptional(isNumber),
  }),
  format: isOptional(
    variant<OutputFormat, 'kind'>('kind', {
      json: {},
      'json-schema': { schema: isObject },
      gbnf: { grammar: isString },
    }),
  ),
  logprobs: isOptional(shape<NonNullable<GenerateJob['logprobs']>>({ top: isNumber })),
  returnTokens: isOptional(isBoolean),
}
const embedJob: Omit<{ readonly [Field in keyof EmbedJob]-?: Check }, 'kind'> = {
  ...foreignWish,
  inputs: listOf(isString),
  truncate: isBoolean,
}
const isJob = variant<Job, 'kind'>('kind', { generate: generateJob, embed: embedJob })

const isParkedState = shape<ParkedState>({
  prompt: isTokens,
  answer: isTokens,
  context: isTokens,
  metrics: isMetrics,
})

const isPiece = variant<Piece, 'type'>('type', {
  text: { text: isString, tokens: isNumber, logprobs: isOptional(isArray) },
  thinking: { text: isString, tokens: isNumber },
  'tool-call': { call: shape<ToolCall>({ id: isString, name: isString, arguments: isObject }) },
  embedding: { index: isNumber, vector: isArray, tokens: isNumber },
  finished: {
    reason: isReason,
    metrics: isMetrics,
    context: isOptional(isTokens),
    stopText: isOptional(isString),
  },
})

const isProgress = variant<RunProgress, 'phase'>('phase', {
  waiting: {},
  prompt: { tokens: isNumber, of: isNumber },
  decode: { tokens: isNumber },
})

const isOutcome = variant<RunOutcome, 'how'>('how', {
  finished: { reason: isReason, metrics: isMetrics },
  cancelled: { metrics: isMetrics },
  parked: {
    metrics: isMetrics,
    parked: isId,
    state: isParkedState,
    tokens: isNumber,
    bytes: isNumber,
    steps: isNumber,
    ms: isNumber,
  },
  failed: { error: isErrorData },
})

const isReport = shape<RunReport>({
  run: isId,
  pieces: listOf(isPiece),
  progress: isOptional(isProgress),
  outcome: isOptional(isOutcome),
})

const isProbe = shape<ProbeResult>({
  gpu: oneOf('cuda', 'vulkan', 'metal', false),
  gpuNames: listOf(isString),
  vram: shape<ProbeResult['vram']>({ total: isNumber, used: isNumber, unified: isNumber }),
  systemInfo: isString,
  residentBytes: isNumber,
})

const TO_CHILD: Cases<ToChild, 'type'> = {
  probe: { gpu: isGpu },
  load: { gpu: isGpu, order: isOrder },
  start: {
    run: isId,
    job: isJob,
    from: isOptional(shape<ResumeFrom>({ parked: isOptional(isId), state: isParkedState })),
  },
  cancel: { run: isId },
  park: { run: isId },
  forget: { parked: isId },
  discard: { parked: isId },
  count: { call: isId, text: isString },
  threads: { count: isNumber },
  leave: {},
}

const FROM_CHILD: Cases<FromChild, 'type'> = {
  hello: { version: isNumber },
  probed: { result: isProbe },
  loading: { fraction: isNumber, stage: oneOf('starting', 'reading', 'checking') },
  loaded: { memory: shape<EngineMemory>({ ram: isNumber, vram: isNumber }) },
  failed: { error: isErrorData },
  runs: { reports: listOf(isReport) },
  counted: { call: isId, tokens: isNumber },
  log: { level: isLevel, text: isString },
}

/** @throws TypeError that names the field which is not what it should be. */
export function asToChild(message: unknown): ToChild {
  checkMessage<ToChild>(message, TO_CHILD)
  return message
}

/** @throws TypeError that names the field which is not what it should be. */
export function asFromChild(message: unknown): FromChild {
  checkMessage<FromChild>(message, FROM_CHILD)
  return message
}
