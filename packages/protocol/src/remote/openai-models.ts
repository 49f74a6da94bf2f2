import { BackendError } from '@berth/scheduler'
import * as z from 'zod/mini'
import type { AskJson } from './dialect.js'
import type { RemoteModel } from './remote-model.js'

const List = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      // Not of OpenAI's API, but vLLM and others tell it.
      max_model_len: z.nullish(z.number()),
      context_length: z.nullish(z.number()),
    }),
  ),
})

/** The models of a server that speaks OpenAI's API, which tells little more than their names. */
export async function openAiModels(ask: AskJson): Promise<readonly RemoteModel[]> {
  const parsed = List.safeParse(await ask('/v1/models'))
  if (!parsed.success) throw new BackendError('engine', '/v1/models: expected {"data": [{"id": ...}, ...]}')
  return parsed.data.data.map(({ id, max_model_len: length, context_length: context }) => ({
    id,
    name: id,
    // `created` is no revision: some servers answer with the time of day.
    revision: 'unknown',
    bytes: 0,
    format: null,
    family: null,
    parameters: null,
    parameterSize: null,
    quantization: null,
    license: null,
    contextLength: length ?? context ?? null,
    capabilities: null,
    modifiedAt: null,
    loaded: null,
  }))
}
