import type { KvType } from '@berth/budget'
import {
  getLlama,
  type GgmlType,
  type Llama,
  type LlamaEmbeddingContext,
  LlamaLogLevel,
  type LlamaModel,
} from 'node-llama-cpp'
import type { EngineMemory, GpuChoice, LoadOrder } from '../protocol.js'
import { Batching } from './batching.js'
import { ChatModel } from './chat-model.js'
import { decodeAndSample } from './internals.js'
import { loadError } from './load-error.js'
import { Sampler } from './sampler.js'
import type { ThreadShare } from './thread-share.js'

/** What a child has loaded. */
export type Loaded =
  | {
      readonly purpose: 'generate'
      readonly llama: Llama
      readonly chat: ChatModel
      readonly model: LlamaModel
    }
  | {
      readonly purpose: 'embed'
      readonly llama: Llama
      readonly contexts: readonly LlamaEmbeddingContext[]
      readonly model: LlamaModel
    }

export type LoadStage = 'starting' | 'reading' | 'checking'

/** Takes llama.cpp's log. */
export type EngineLog = (level: 'debug' | 'warn' | 'error', text: string) => void

export async function openEngine(gpu: GpuChoice, maxThreads: number, log: EngineLog): Promise<Llama> {
  return getLlama({
    gpu,
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    maxThreads,
    // The server's budget has said where what goes; the engine keeps nothing back.
    vramPadding: 0,
    ramPadding: 0,
    logLevel: LlamaLogLevel.warn,
    logger: (level, message) => {
      const text = message.trim()
      if (text === '') return
      const severe = level === LlamaLogLevel.error || level === LlamaLogLevel.fatal
      log(severe ? 'error' : level === LlamaLogLevel.warn ? 'warn' : 'debug', text)
    },
  })
}

/**
 * Loads a model and has it answer one token.
 * @throws BackendError `bad-model` or `out-of-memory`, by what the engine said.
 */
export async function loadModel(
  llama: Llama,
  order: LoadOrder,
  threads: ThreadShare,
  report: (fraction: number, stage: LoadStage) => void,
  said: () => readonly string[],
): Promise<Loaded> {
  try {
    // Only weights that are read take time to speak of: they get the most of the bar.
    const model = await llama.loadModel({
      modelPath: order.path,
      gpuLayers: order.gpuLayers,
      useMmap: order.useMmap,
      ignoreMemorySafetyChecks: true,
      // Defaults of the model's contexts: those for embeddings can be told in no other way.
      defaultContextFlashAttention: order.flashAttention,
      experimentalDefaultContextKvCacheKeyType: ENGINE_TYPES[order.kvType],
      experimentalDefaultContextKvCacheValueType: ENGINE_TYPES[order.kvType],
      onLoadProgress: (fraction) => report(0.05 + fraction * 0.85, 'reading'),
    })
    report(0.9, 'checking')
    const loaded =
      order.purpose === 'generate'
        ? await chatModel(llama, model, order, threads)
        : await embedModel(llama, model, order)
    // Room for threads was made up to the machine's cores; from now on it is this child's share.
    threads.share = order.threads
    await answerOneToken(loaded)
    report(1, 'checking')
    return loaded
  } catch (error) {
    throw loadError(error, said(), order.path)
  }
}

export async function memoryOf(llama: Llama): Promise<EngineMemory> {
  const { cpuRam, gpuVram } = await llama.getLlamaMemoryUsage()
  return { ram: cpuRam, vram: gpuVram }
}

async function chatModel(
  llama: Llama,
  model: LlamaModel,
  order: LoadOrder,
  threads: ThreadShare,
): Promise<Loaded> {
  const batching = new Batching(() => threads.tick())
  const context = await model.createContext({
    contextSize: order.contextLength,
    sequences: order.slots,
    batchSize: order.batchSize,
    threads: { ideal: order.maxThreads, min: 1 },
    batching: { itemPrioritizationStrategy: batching.strategy },
    failedCreationRemedy: false,
    ignoreMemorySafetyChecks: true,
    ...(order.adapters.length === 0
      ? {}
      : { lora: { adapters: order.adapters.map((filePath) => ({ filePath })) } }),
  })
  const chunk = order.gpuLayers > 0 ? GPU_CHUNK : chunkFor(model.size)
  const chat = new ChatModel(model, context, batching, order.contextLength, Math.min(chunk, order.batchSize))
  return { purpose: 'generate', llama, chat, model }
}

/** The engine's embedding contexts have one sequence each and take one text at a time: one for every slot. */
async function embedModel(llama: Llama, model: LlamaModel, order: LoadOrder): Promise<Loaded> {
  const contexts: LlamaEmbeddingContext[] = []
  for (let slot = 0; slot < order.slots; slot++) {
    contexts.push(
      await model.createEmbeddingContext({
        // The engine takes no text that would fill it.
        contextSize: Math.max(order.contextLength, order.embedLimit + 1),
        batchSize: order.batchSize,
        threads: order.maxThreads,
        ignoreMemorySafetyChecks: true,
      }),
    )
  }
  return { purpose: 'embed', llama, contexts, model }
}

/** A GPU computes this much in milliseconds. */
const GPU_CHUNK = 512
/** Bytes of weights that a CPU reads for a chunk of 128 tokens in well under a second. */
const SMALL = 400e6
const MEDIUM = 2e9

/**
 * Tokens of a prompt in one decode call on a CPU. More are faster a token (a third at 128 against 32), but a
 * job is interrupted only between two calls, and others' tokens wait for the call that theirs are in.
 */
function chunkFor(modelBytes: number): number {
  if (modelBytes < SMALL) return 128
  return modelBytes < MEDIUM ? 64 : 32
}

const ENGINE_TYPES: Record<KvType, keyof typeof GgmlType> = {
  f32: 'F32',
  f16: 'F16',
  bf16: 'BF16',
  q8_0: 'Q8_0',
  q5_1: 'Q5_1',
  q5_0: 'Q5_0',
  q4_1: 'Q4_1',
  q4_0: 'Q4_0',
  iq4_nl: 'IQ4_NL',
}

async function answerOneToken(loaded: Loaded): Promise<void> {
  if (loaded.purpose === 'embed') {
    await Promise.all(loaded.contexts.map((context) => context.getEmbeddingFor('Hello')))
    return
  }
  const { chat, model } = loaded
  const sampler = new Sampler(model, { temperature: 0 }, null)
  try {
    const { sequence, id } = chat.slots[0]!
    await decodeAndSample(sequence, chat.tokenizer.tokenize('Hello'), id, sampler.sample)
    await sequence.clearHistory()
  } finally {
    sampler.dispose()
  }
}
