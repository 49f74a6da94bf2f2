import type { HostView, MachineView, ModelCard } from '../host/index.js'

/**
 * The most parameters that answer at a pleasant pace, by what does the arithmetic: tens of tokens a second
 * on a GPU that browsers offer WebGPU on, and a few on a processor or a GPU that is only simulated.
 */
const MOST_PARAMETERS = { gpu: 4.2e9, cpu: 0.65e9 }

/** The most that a first download may be: a few minutes of a common line. Bytes. */
const MOST_BYTES = { gpu: 2.6e9, cpu: 0.8e9 }

/** A download must leave room on the disk for what comes after it: its share of what is free, at most. */
const MOST_OF_DISK = 0.5

/** A model to begin with, and why it and no other. */
export interface Recommendation {
  readonly card: ModelCard
  /** For people to read. */
  readonly why: string
}

/**
 * The best model to begin with on this machine: of those that fit comfortably and answer at a pleasant pace,
 * the one with the most parameters. Where none does, the smallest that fits at all, however tight; null where
 * none fits.
 */
export function recommend(view: Pick<HostView, 'models' | 'machine' | 'storage'>): Recommendation | null {
  const pace = hasRealGpu(view.machine) ? 'gpu' : 'cpu'
  const free =
    view.storage === null ? Number.POSITIVE_INFINITY : view.storage.quotaBytes - view.storage.usedBytes
  const possible = view.models.filter(
    (card) =>
      card.place === 'browser' &&
      card.capabilities.includes('chat') &&
      card.fit.verdict !== 'does-not-fit' &&
      card.bytes - card.stored.bytes <= free,
  )
  const pleasant = possible.filter(
    (card) =>
      card.fit.verdict === 'fits' &&
      sizeOf(card) <= MOST_PARAMETERS[pace] &&
      card.bytes <= MOST_BYTES[pace] &&
      card.bytes <= free * MOST_OF_DISK,
  )
  const best = pleasant.toSorted((a, b) => better(a, b, pace))[0]
  if (best !== undefined) return { card: best, why: 'The most capable model that runs comfortably here.' }
  const smallest = possible.toSorted((a, b) => a.bytes - b.bytes)[0]
  if (smallest === undefined) return null
  return { card: smallest, why: `The smallest model there is for this machine: ${smallest.fit.why}.` }
}

/** Tokens below which a context is of a version that was cut down for machines with little memory. */
const SHORT_CONTEXT = 2_048

/** Whether it forgets what was said a page before. */
export function isShort({ contextLength }: ModelCard): boolean {
  return contextLength !== null && contextLength < SHORT_CONTEXT
}

function hasRealGpu({ gpu }: MachineView): boolean {
  return gpu !== null && !gpu.software
}

/** Parameters; by the bytes where nobody tells: about five bits each, as quantized models have. */
function sizeOf({ parameters, bytes }: ModelCard): number {
  return parameters ?? (bytes * 8) / 5
}

/**
 * The better of two comes first. Where arithmetic is slow, the engine that is quick there (a simulated GPU is many times
 * slower than the processor it runs on) and one that answers at once before one that thinks for minutes first; then
 * more parameters, then the engine that is quicker here, then the longer context, then the smaller download.
 */
function better(a: ModelCard, b: ModelCard, pace: 'gpu' | 'cpu'): number {
  const quick = pace === 'gpu' ? 'webllm' : 'wllama'
  const thinks = (card: ModelCard): boolean => pace === 'cpu' && card.capabilities.includes('thinking')
  const crawls = (card: ModelCard): boolean => pace === 'cpu' && card.engine !== quick
  return (
    Number(crawls(a)) - Number(crawls(b)) ||
    Number(thinks(a)) - Number(thinks(b)) ||
    sizeOf(b) - sizeOf(a) ||
    Number(b.engine === quick) - Number(a.engine === quick) ||
    Number(isShort(a)) - Number(isShort(b)) ||
    a.bytes - b.bytes ||
    (a.id < b.id ? -1 : 1)
  )
}
