import { stat } from 'node:fs/promises'
import { Hono } from 'hono'
import type { AppEnv } from '../app-env.js'
import { RequestError, type ModelSource } from '../generate/index.js'
import type { StoredModel } from '../models/index.js'
import { sendFile } from './send-file.js'

const ROOT = '/web-models/ggufs'

/** A model of the server that browsers can run as well, by llama.cpp in WebAssembly. */
export interface ListedGguf {
  readonly name: string
  /** Of this server; names the content, so that a model that is replaced is at another one. */
  readonly path: string
  readonly bytes: number
  readonly digest: string
  /** For people: "134.52M". */
  readonly parameterSize: string | null
  readonly quantization: string | null
}

/** The server's own GGUF files, as they are, for the browsers of those who may ask it. */
export function ggufRoutes(models: ModelSource): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  app.get(`${ROOT}/`, async (c) => {
    c.header('Cache-Control', 'no-cache')
    const plain = (await models.list()).filter(isPlain)
    const ggufs = await Promise.all(
      plain.map(async (model): Promise<ListedGguf[]> => {
        const [file] = model.files
        const found = await stat(file).catch(() => null)
        if (found === null) return []
        const facts = await models.listedFacts(model)
        return [
          {
            name: model.name,
            path: `${ROOT}/${model.digest}.gguf`,
            bytes: found.size,
            digest: model.digest,
            parameterSize: facts.parameterSize ?? null,
            quantization: facts.quantization ?? null,
          },
        ]
      }),
    )
    return c.json({ ggufs: ggufs.flat() })
  })

  app.get(`${ROOT}/:file`, async (c) => {
    const name = c.req.param('file')
    const model = (await models.list()).find((each) => isPlain(each) && `${each.digest}.gguf` === name)
    const found = model && (await stat(model.files[0]).catch(() => null))
    if (!model || !found) throw new RequestError('unknown-route', `${c.req.path}: no such file`)
    return sendFile(c, { path: model.files[0], bytes: found.size, sha256: model.digest }, 'named')
  })
  return app
}

/** One file that says all: what needs another beside it (parts, adapters, projectors) browsers do not run. */
function isPlain({ source, files, adapters, projectors }: StoredModel): boolean {
  return source !== 'upstream' && files.length === 1 && adapters.length === 0 && projectors.length === 0
}
