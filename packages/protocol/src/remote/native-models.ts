import { BackendError } from '@berth/scheduler'
import * as z from 'zod/mini'
import type { AskJson } from './dialect.js'
import { parameterCount, type RemoteModel } from './remote-model.js'

const Details = z.object({
  format: z.nullish(z.string()),
  family: z.nullish(z.string()),
  parameter_size: z.nullish(z.string()),
  quantization_level: z.nullish(z.string()),
})

const Tags = z.object({
  models: z.nullish(
    z.array(
      z.object({
        name: z.string(),
        digest: z.nullish(z.string()),
        size: z.nullish(z.number()),
        modified_at: z.nullish(z.string()),
        details: z.nullish(Details),
      }),
    ),
  ),
})
type Tag = NonNullable<z.output<typeof Tags>['models']>[number]

const Ps = z.object({ models: z.nullish(z.array(z.object({ name: z.string() }))) })

const Show = z.object({
  capabilities: z.nullish(z.array(z.string())),
  model_info: z.nullish(z.record(z.string(), z.unknown())),
})
type Show = z.output<typeof Show>

/** Requests for details that run at the same time. */
const ABREAST = 4

/** The models of a server that speaks Ollama's API. Details are asked for once in a model's life. */
export class NativeModels {
  readonly #shown = new Map<string, { readonly revision: string; readonly show: Show }>()

  async list(ask: AskJson): Promise<readonly RemoteModel[]> {
    const [tags, loaded] = await Promise.all([ask('/api/tags'), loadedNames(ask)])
    const parsed = Tags.safeParse(tags)
    if (!parsed.success) {
      throw new BackendError('engine', '/api/tags: expected {"models": [{"name": ...}, ...]}')
    }
    const rows = parsed.data.models ?? []
    const names = new Set(rows.map(({ name }) => name))
    for (const name of this.#shown.keys()) if (!names.has(name)) this.#shown.delete(name)
    const models: RemoteModel[] = []
    for (let i = 0; i < rows.length; i += ABREAST) {
      const some = rows.slice(i, i + ABREAST)
      const shows = await Promise.all(some.map((row) => this.#show(ask, row)))
      some.forEach((row, at) => models.push(modelOf(row, shows[at], loaded)))
    }
    return models
  }

  /** A model that cannot be shown is still one that can be asked. */
  async #show(ask: AskJson, { name, digest }: Tag): Promise<Show | undefined> {
    const revision = digest ?? ''
    const known = this.#shown.get(name)
    if (known?.revision === revision) return known.show
    try {
      const show = Show.parse(await ask('/api/show', { model: name }))
      this.#shown.set(name, { revision, show })
      return show
    } catch {
      return undefined
    }
  }
}

/** Null where the server does not tell. */
async function loadedNames(ask: AskJson): Promise<ReadonlySet<string> | null> {
  try {
    return new Set((Ps.parse(await ask('/api/ps')).models ?? []).map(({ name }) => name))
  } catch {
    return null
  }
}

function modelOf(row: Tag, show: Show | undefined, loaded: ReadonlySet<string> | null): RemoteModel {
  const { name, digest, size, modified_at: modifiedAt, details } = row
  const parameterSize = details?.parameter_size || null
  const info = show?.model_info ?? {}
  const architecture = info['general.architecture']
  return {
    id: name,
    name,
    revision: digest || 'unknown',
    bytes: size ?? 0,
    format: details?.format || null,
    family: details?.family || null,
    parameters:
      numberOf(info['general.parameter_count']) ??
      (parameterSize === null ? null : parameterCount(parameterSize)),
    parameterSize,
    quantization: details?.quantization_level || null,
    license: textOf(info['general.license']),
    contextLength: numberOf(info[`${textOf(architecture) ?? ''}.context_length`]),
    capabilities: show?.capabilities ?? null,
    modifiedAt: modifiedAt || null,
    loaded: loaded === null ? null : loaded.has(name),
  }
}

const numberOf = (value: unknown): number | null => (typeof value === 'number' && value > 0 ? value : null)

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
