import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { OllamaGenerateResponse } from '@berth/protocol'
import { CliError } from '../cli-error.js'
import type { CommandContext } from '../command-context.js'
import { createOrder } from '../modelfile/create-order.js'
import { ModelfileError, parseModelfile, type Modelfile } from '../modelfile/parse-modelfile.js'
import { Progress } from '../output/progress.js'
import { withModel } from '../suggest-model.js'
import { showLines } from './pull.js'

/** Makes a model by a Modelfile, whose files are sent to the server where it does not have them. */
export async function create(
  { client, out, json, around, interrupted }: CommandContext,
  model: string,
  { file = 'Modelfile', quantize }: { readonly file?: string; readonly quantize?: string },
): Promise<void> {
  const path = resolve(file)
  const modelfile = await read(path)
  const progress = new Progress(around.stderr)
  const place = { folder: dirname(path), home: around.home }
  const order = await createOrder(modelfile, place, client, progress, interrupted).finally(() =>
    progress.end(),
  )
  const body = { model, ...order, ...(quantize === undefined ? {} : { quantize }) }
  await showLines(client.lines('/api/create', body, interrupted), { out, json, progress })
}

async function read(path: string): Promise<Modelfile> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new CliError(`${path}: there is no such Modelfile; -f names another`, undefined, { cause: error })
  }
  try {
    return parseModelfile(text)
  } catch (error) {
    if (error instanceof ModelfileError)
      throw new CliError(`${path}: ${error.message}`, undefined, { cause: error })
    throw error
  }
}

export async function copy(
  { client, out, json }: CommandContext,
  source: string,
  destination: string,
): Promise<void> {
  await withModel(client, source, () => client.json('POST', '/api/copy', { source, destination }))
  if (json) out.json({ source, destination })
  else out.line(`copied '${source}' to '${destination}'`)
}

/** Deletes one after the other; those before one that cannot be deleted are gone. */
export async function remove(
  { client, out, json }: CommandContext,
  models: readonly string[],
): Promise<void> {
  for (const model of models) {
    await withModel(client, model, () => client.json('DELETE', '/api/delete', { model }))
    if (!json) out.line(`deleted '${model}'`)
  }
  if (json) out.json({ deleted: models })
}

/** Lets models go from memory; running answers are finished first. */
export async function stop({ client, out, json }: CommandContext, models: readonly string[]): Promise<void> {
  for (const model of models) {
    const body = { model, keep_alive: 0, stream: false }
    const { done_reason } = await withModel(client, model, () =>
      client.json<OllamaGenerateResponse>('POST', '/api/generate', body),
    )
    if (done_reason === 'load') {
      throw new CliError(
        `'${model}' is pinned and stays: POST /api/berth/pin with "pinned": false lets it go`,
      )
    }
    if (!json) out.line(`stopped '${model}'`)
  }
  if (json) out.json({ stopped: models })
}
