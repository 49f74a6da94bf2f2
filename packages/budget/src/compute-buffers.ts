import type { EngineFacts } from './engine-facts.js'
import { GraphAllocation } from './graph-allocation.js'
import type { GraphTensor } from './graph-allocation.js'
import { kvTokensPerSlot } from './kv-cache.js'
import type { GgufProfile, GraphShape } from './memory-profile.js'
import type { MemorySettings } from './memory-settings.js'
import type { Bytes, Tokens } from './units.js'

const FLOAT: Bytes = 4
const HALF: Bytes = 2
const INDEX: Bytes = 8

/** After so many layers all holes between tensors recur. */
const LAYERS_THAT_DIFFER = 3

/** Which part of a model a device computes. */
export interface ComputeShare {
  /** Repeating layers there. */
  readonly layers: number
  readonly hasOutput: boolean
}

/** Figures already worked out: placing asks for the same few of a model again and again. */
const known = new WeakMap<GgufProfile, Map<string, Bytes>>()
const MOST_KNOWN = 256

/**
 * What the engine allocates to compute one batch on a device, in all its contexts: the buffer of a graph of
 * transformer layers, laid out as ggml does. Exact for Llama-like models computed on one device; for others
 * near, because each architecture has a graph of its own.
 */
export function computeBytes(profile: GgufProfile, settings: MemorySettings, share: ComputeShare): Bytes {
  const figures = known.get(profile) ?? new Map<string, Bytes>()
  known.set(profile, figures)
  const key = `${settings.contextLength} ${settings.slots} ${share.layers} ${share.hasOutput}`
  let bytes = figures.get(key)
  if (bytes === undefined) {
    if (figures.size >= MOST_KNOWN) figures.clear()
    bytes = workOut(profile, settings, share)
    figures.set(key, bytes)
  }
  return bytes
}

function workOut(
  { graph, engine }: GgufProfile,
  { contextLength, slots }: MemorySettings,
  share: ComputeShare,
): Bytes {
  const [contexts, sequences] = engine.contexts === 'own' ? [slots, 1] : [1, slots]
  const tokens = batchTokens(graph, engine, contextLength, sequences)
  const whole = graph.hasCache ? kvTokensPerSlot(contextLength, sequences) : tokens
  const cells =
    graph.window === null ? [whole] : [kvTokensPerSlot(contextLength, sequences, graph.window, tokens), whole]
  const outputs = engine.logits === 'slots' ? Math.min(sequences, tokens) : tokens
  return contexts * new GraphBuilder(graph, engine, tokens, outputs, cells).bytes(share)
}

/** Tokens of the largest batch, as llama.cpp reserves for it: no more than the context, the same for each sequence. */
function batchTokens(
  graph: GraphShape,
  engine: EngineFacts,
  contextLength: Tokens,
  sequences: number,
): Tokens {
  // node-llama-cpp asks for one token more where the cache has sliding windows.
  const batch = Math.max(engine.batchSize, sequences) + (graph.window === null ? 0 : 1)
  const most = Math.min(batch, kvTokensPerSlot(contextLength, sequences) * sequences)
  return Math.ceil(most / sequences) * sequences
}

/** The graph of one batch, as `llama_model_llama::graph` and its like in llama.cpp build it. */
class GraphBuilder {
  readonly #shape: GraphShape
  readonly #flash: boolean
  readonly #tokens: Tokens
  readonly #outputs: Tokens
  /** Tokens in the caches: of the layers with a window, where there are some, and of the others. */
  readonly #cells: readonly Tokens[]
  readonly #graph = new GraphAllocation()

  constructor(
    shape: GraphShape,
    engine: EngineFacts,
    tokens: Tokens,
    outputs: Tokens,
    cells: readonly Tokens[],
  ) {
    this.#shape = shape
    this.#flash = engine.flashAttention
    this.#tokens = tokens
    this.#outputs = outputs
    this.#cells = cells
  }

  bytes({ layers, hasOutput }: ComputeShare): Bytes {
    const { embedding, vocabulary } = this.#shape
    const ids = this.#graph.input(this.#tokens * FLOAT)
    // Embeddings could be given instead of tokens; the input is there, used or not.
    this.#graph.input(this.#floats(embedding))
    const positions = this.#graph.input(this.#tokens * FLOAT)
    const cells = this.#graph.input(this.#tokens * INDEX)
    const valueCells = this.#graph.input(this.#tokens * INDEX * (this.#flash ? 1 : this.#shape.keyValues))
    const masks = this.#cells.map((count) =>
      this.#graph.input(count * this.#tokens * (this.#flash ? HALF : FLOAT)),
    )
    const outputs = this.#graph.input(this.#outputs * FLOAT)
    let x = this.#graph.op(this.#floats(embedding), [ids])
    const count = Math.min(layers, LAYERS_THAT_DIFFER)
    for (let layer = 0; layer < count; layer++) {
      const isLast = layer === count - 1
      const mask = masks[isLast ? masks.length - 1 : 0] ?? ids
      const attended = this.#attention(x, positions, [cells, valueCells], mask)
      x = this.#feedForward(isLast && hasOutput ? this.#selected(attended, outputs) : attended)
    }
    if (hasOutput && vocabulary > 0) this.#graph.op(vocabulary * this.#outputs * FLOAT, [this.#norm(x)])
    return this.#graph.bytes()
  }

  #attention(
    x: GraphTensor,
    positions: GraphTensor,
    [keyCells, valueCells]: readonly [GraphTensor, GraphTensor],
    mask: GraphTensor,
  ): { readonly x: GraphTensor; readonly out: GraphTensor } {
    const { embedding, queries, keyValues, values, heads } = this.#shape
    const normed = this.#norm(x)
    const q = this.#rotated(queries, normed, positions)
    const v = this.#graph.op(this.#floats(keyValues), [normed])
    const k = this.#rotated(keyValues, normed, positions)
    this.#graph.op(0, [k, keyCells])
    this.#graph.op(0, [v, valueCells])
    let read: GraphTensor
    if (this.#flash) read = this.#graph.op(this.#floats(values), [q, mask])
    else {
      const scores = this.#graph.op(this.#floats(Math.max(...this.#cells) * heads), [q])
      const weights = this.#graph.op(scores.size, [scores, mask], true)
      read = this.#graph.op(this.#floats(values), [this.#graph.op(this.#floats(values), [weights])])
    }
    const out = this.#graph.op(this.#floats(embedding), [read])
    return { x, out }
  }

  /** The rows that make logits, as many as there is room for when the buffer is reserved. */
  #selected(
    { x, out }: { readonly x: GraphTensor; readonly out: GraphTensor },
    outputs: GraphTensor,
  ): { readonly x: GraphTensor; readonly out: GraphTensor } {
    const rows = this.#shape.embedding * this.#outputs * FLOAT
    return { out: this.#graph.op(rows, [out, outputs]), x: this.#graph.op(rows, [x, outputs]) }
  }

  #feedForward({ x, out }: { readonly x: GraphTensor; readonly out: GraphTensor }): GraphTensor {
    const { embedding, feedForward, experts, gated = true } = this.#shape
    const attended = this.#graph.op(this.#floats(embedding), [out, x], true)
    const normed = this.#norm(attended)
    const scores = experts ? [this.#graph.op(this.#floats(experts.count), [normed])] : []
    const width = experts ? experts.used * experts.feedForward : feedForward
    const up = this.#graph.op(this.#floats(width), [normed, ...scores])
    // Without a gate the activation is written over the projection up.
    const gate = gated ? this.#graph.op(this.#floats(width), [normed, ...scores]) : up
    const inner = gated ? this.#graph.op(this.#floats(width), [gate, up]) : up
    const down = experts
      ? this.#graph.op(this.#floats(embedding), [
          this.#graph.op(this.#floats(experts.used * embedding), [inner, ...scores]),
        ])
      : this.#graph.op(this.#floats(embedding), [inner])
    return this.#graph.op(this.#floats(embedding), [down, attended], true)
  }

  #norm(x: GraphTensor): GraphTensor {
    const scaled = this.#graph.op(x.size, [x], true)
    return this.#graph.op(x.size, [scaled], true)
  }

  /** A projection and its rotation, which llama.cpp does not write over the projection. */
  #rotated(width: number, x: GraphTensor, positions: GraphTensor): GraphTensor {
    const projected = this.#graph.op(this.#floats(width), [x])
    return this.#graph.op(projected.size, [projected, positions])
  }

  #floats(width: number): Bytes {
    return width * this.#tokens * FLOAT
  }
}
