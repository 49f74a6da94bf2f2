import { MACHINE_PRESETS } from '@berth/budget'
import type { KvType, ModelNumbers, Tokens } from '@berth/budget'
import { KNOWN_MODELS } from './known-models.js'

/** All that the planner shows, as its address has it: the same address shows the same elsewhere. */
export interface PlannerState {
  readonly tab: 'fits' | 'what-if'
  readonly fits: FitsState
  readonly whatIf: WhatIfState
}

export interface FitsState {
  readonly models: readonly ModelRef[]
  /** In memory at the same time, or each on its own. */
  readonly together: boolean
  readonly machine: MachineRef
  readonly contextLength: Tokens
  readonly slots: number
  readonly kvType: KvType
}

/** A model, by where its figures come from. */
export type ModelRef =
  /** One of `KNOWN_MODELS`. */
  | { readonly kind: 'known'; readonly id: string }
  /** A GGUF file somewhere. */
  | { readonly kind: 'gguf'; readonly url: string }
  /** A model of a server; '' is the one that the page comes from. */
  | { readonly kind: 'server'; readonly address: string; readonly name: string }
  /** One of WebLLM's, by its id in the host's list. */
  | { readonly kind: 'webllm'; readonly id: string }
  | { readonly kind: 'numbers'; readonly name: string; readonly numbers: CardNumbers }

/** The figures that one may type in. */
export type CardNumbers = Pick<
  ModelNumbers,
  'layers' | 'kvHeads' | 'headSize' | 'hidden' | 'vocabulary' | 'weights'
>

export type MachineRef =
  /** What this browser may use. */
  | { readonly kind: 'browser' }
  /** The machine of a server; '' is the one that the page comes from. */
  | { readonly kind: 'server'; readonly address: string }
  /** One of `MACHINE_PRESETS`. */
  | { readonly kind: 'preset'; readonly id: string }
  /** By its figures, in GB (10⁹ bytes): of each GPU, and of the host. */
  | { readonly kind: 'own'; readonly vram: readonly number[]; readonly ram: number }

/** The scheduler's settings that columns may differ in. */
export interface PolicyColumn {
  readonly policy: 'fifo' | 'fair' | 'shortest'
  /** `oracle`: what no scheduler can have, a look into the future: the model that is wanted again last leaves. */
  readonly eviction: 'lru' | 'cost' | 'oracle'
  readonly preempt: boolean
}

export interface WhatIfState {
  /** One of `EXAMPLES`; `own` is a trace that was opened, which no address can hold. */
  readonly example: string
  /** A machine of the simulator's list; '' is the example's own. */
  readonly machine: string
  readonly columns: readonly PolicyColumn[]
  /** Which decision is shown, from 0. */
  readonly step: number
}

export const MOST_MODELS = 8
export const MOST_COLUMNS = 3
export const MOST_GPUS = 8

export const KV_TYPES = [
  'f16',
  'q8_0',
  'q4_0',
  'bf16',
  'f32',
  'q5_1',
  'q5_0',
  'q4_1',
  'iq4_nl',
] as const satisfies readonly KvType[]

/** Figures that an address may have; what is beyond them is a slip. */
export const RANGES = {
  contextLength: { least: 256, most: 2 ** 20 },
  slots: { least: 1, most: 256 },
  vram: { least: 1, most: 1_024 },
  ram: { least: 1, most: 16_384 },
  step: { least: 0, most: 1e6 },
} as const

export const DEFAULT_COLUMN: PolicyColumn = { policy: 'fair', eviction: 'lru', preempt: true }

/** The calculator of five models on a machine of 8 GB of VRAM and 16 GB of RAM. */
export const DEFAULT_STATE: PlannerState = {
  tab: 'fits',
  fits: {
    models: KNOWN_MODELS.map(({ id }) => ({ kind: 'known', id })),
    together: false,
    machine: { kind: 'own', vram: [8], ram: 16 },
    contextLength: 2048,
    slots: 1,
    kvType: 'f16',
  },
  whatIf: { example: 'two-models', machine: '', columns: [DEFAULT_COLUMN], step: 0 },
}

export function isPreset(id: string): boolean {
  return MACHINE_PRESETS.some((preset) => preset.id === id)
}

export function isKnown(id: string): boolean {
  return KNOWN_MODELS.some((model) => model.id === id)
}
