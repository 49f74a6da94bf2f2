import { profileFromWebLlm, type MemoryProfile, type WebLlmFacts, type WebLlmShape } from '@berth/budget'
import type { AdapterFacts } from './adapter.js'
import type { ChatConfig } from './model-files.js'
import { chooseLibrary, isEmbedder, type WebLlmModel } from './model.js'
import { readHead, storedHead, type ModelHead } from './weights.js'

/** What a record says, which is enough for a guess of what fits: nothing is read. */
export function recordFacts({ id, record, fileBytes }: WebLlmModel): WebLlmFacts {
  const files = Object.entries(fileBytes).filter(([name]) => name.endsWith('.bin'))
  const weightBytes = files.reduce((sum, [, bytes]) => sum + bytes, 0)
  const context = positive(record.overrides?.context_window_size)
  const window = positive(record.overrides?.sliding_window_size)
  return {
    model: id,
    ...(record.vram_required_MB === undefined ? {} : { vramMB: record.vram_required_MB }),
    ...(context === undefined ? {} : { contextLength: context, vramContext: context }),
    ...(window === undefined ? {} : { slidingWindow: window }),
    ...(weightBytes === 0 ? {} : { weightBytes }),
    ...(isEmbedder(record) ? { hasCache: false } : {}),
  }
}

/**
 * What a model needs, by its own two small files where they are here or can be had, else by its record.
 * @throws ProfileError where nothing tells.
 */
export async function profileOf(model: WebLlmModel, adapter: AdapterFacts | null): Promise<MemoryProfile> {
  const head = (await storedHead(model)) ?? (await readHead(model).catch(() => null))
  const facts = recordFacts(model)
  return profileFromWebLlm(head === null ? facts : { ...facts, ...headFacts(model, head, adapter) })
}

function headFacts(
  model: WebLlmModel,
  { config, tensorCache }: ModelHead,
  adapter: AdapterFacts | null,
): Partial<WebLlmFacts> {
  const half = adapter !== null && chooseLibrary(model, adapter).requiredFeatures.includes('shader-f16')
  const shape = isEmbedder(model.record) ? null : shapeOf(config, half)
  const context = positive(config.contextLength)
  const window = positive(config.slidingWindow)
  return {
    weightBytes: tensorCache.records.reduce((sum, { nbytes }) => sum + nbytes, 0),
    // The override is what the record's figures were made for; the model takes what its own configuration says.
    ...(context === undefined ? {} : { contextLength: context }),
    ...(window === undefined ? {} : { slidingWindow: window }),
    ...(config.prefillChunk === null ? {} : { prefillChunk: config.prefillChunk }),
    ...(shape === null ? {} : { shape }),
  }
}

/** null where the configuration does not say it all, which it need not. */
function shapeOf({ shape, vocabulary, quantization }: ChatConfig, half: boolean): WebLlmShape | null {
  // Some kinds keep the text model's figures apart from the vision model's.
  const inner = shape['text_config']
  const figures = typeof inner === 'object' && inner !== null ? { ...shape, ...inner } : shape
  const figure = (name: string): number | undefined => positive((figures as Record<string, unknown>)[name])
  const layers = figure('num_hidden_layers')
  const hidden = figure('hidden_size')
  const heads = figure('num_attention_heads')
  const feedForward = figure('intermediate_size')
  if (layers === undefined || hidden === undefined || heads === undefined || feedForward === undefined)
    return null
  return {
    layers,
    hidden,
    feedForward,
    kvHeads: figure('num_key_value_heads') ?? heads,
    headSize: figure('head_dim') ?? Math.floor(hidden / heads),
    vocabulary: vocabulary ?? figure('vocab_size') ?? 0,
    numberBytes: half || /f16/.test(quantization ?? '') ? 2 : 4,
  }
}

function positive(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : undefined
}
