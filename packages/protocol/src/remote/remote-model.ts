import type { Bytes, Tokens } from '@berth/budget'
import type { ModelInfo, ModelId, Purpose } from '@berth/scheduler'

/** A server's model, with all that the server tells of it. */
export interface RemoteModel {
  /** Names it in the scheduler: the name, behind the backend's prefix. */
  readonly id: ModelId
  /** As the server spells it. */
  readonly name: string
  readonly revision: string
  /** 0 where the server does not tell. */
  readonly bytes: Bytes
  readonly format: string | null
  readonly family: string | null
  readonly parameters: number | null
  /** Such as "135M". */
  readonly parameterSize: string | null
  readonly quantization: string | null
  readonly license: string | null
  /** Tokens it was made for. */
  readonly contextLength: Tokens | null
  /** Ollama's words: "completion", "tools", "thinking", "vision", "embedding", "insert"; null where the server does not tell. */
  readonly capabilities: readonly string[] | null
  /** RFC 3339; null where the server does not tell. */
  readonly modifiedAt: string | null
  /** Whether the server has it in memory; null where it does not tell. */
  readonly loaded: boolean | null
}

/** The same, as the scheduler sees it. */
export function modelInfo({ id, revision, bytes, capabilities }: RemoteModel): ModelInfo {
  return { id, revision, bytes, purposes: purposesOf(capabilities) }
}

/** What makes text can be asked for vectors too; what only embeds makes no text. */
function purposesOf(capabilities: readonly string[] | null): readonly Purpose[] {
  const embedsOnly = capabilities?.includes('embedding') && !capabilities.includes('completion')
  return embedsOnly ? ['embed'] : ['generate', 'embed']
}

const UNITS: Readonly<Record<string, number>> = { K: 1e3, M: 1e6, B: 1e9, T: 1e12 }

/** The number in a text such as "1.7B" or "135M". */
export function parameterCount(text: string): number | null {
  const [, amount, unit] = /^([\d.]+)\s*([KMBT])?$/i.exec(text.trim()) ?? []
  const count = Number(amount) * (UNITS[(unit ?? '').toUpperCase()] ?? 1)
  return amount === undefined || !Number.isFinite(count) ? null : Math.round(count)
}
