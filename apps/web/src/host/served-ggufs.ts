import { count, list, name, record, text } from './checks.js'
import type { ListedGguf } from './gguf-list.js'
import { listFrom } from './kept-list.js'

/**
 * The GGUF files that the page's server gives to browsers: those that it runs itself. None where it is no server
 * of ours, or gives none.
 */
export async function servedGgufs(origin: string): Promise<readonly ListedGguf[]> {
  const address = `${origin}/web-models/ggufs/`
  try {
    const found = record(await listFrom(address), 'list')
    return list(found['ggufs'], 'ggufs', (value, field) => listed(address, value, field))
  } catch {
    return []
  }
}

/** @throws BadMessage */
function listed(address: string, value: unknown, field: string): ListedGguf {
  const gguf = record(value, field)
  const bytes = count(gguf['bytes'], `${field}.bytes`, 1)
  const parameters = gguf['parameterSize']
  const quantization = gguf['quantization']
  const model = text(gguf['name'], `${field}.name`)
  return {
    url: new URL(name(gguf['path'], `${field}.path`), address).href,
    name: model,
    about: bytes,
    exact: bytes,
    parameters: typeof parameters === 'string' ? parameterCount(parameters) : null,
    license: null,
    contextLength: null,
    capabilities: ['chat'],
    madeFrom: model,
    quantization: typeof quantization === 'string' ? quantization : null,
  }
}

const UNITS: Readonly<Record<string, number>> = { K: 1e3, M: 1e6, B: 1e9, T: 1e12 }

/** "134.52M" as a number. */
function parameterCount(size: string): number | null {
  const [, amount, unit] = /^([\d.]+)\s*([KMBT])$/i.exec(size) ?? []
  const factor = UNITS[unit?.toUpperCase() ?? '']
  return amount === undefined || factor === undefined ? null : Math.round(Number(amount) * factor)
}
