import { Hono } from 'hono'
import type { AppContext, AppEnv } from '../app-env.js'
import { RequestError } from '../generate/index.js'
import { LIBRARIES } from './description.js'
import { sendFile, type Freshness } from './send-file.js'
import type { ServedFile, WebModel, WebModels } from './web-models.js'

const ROOT = '/web-models'
/** Enough of a digest for an address that never means two things. */
const VERSION_DIGITS = 16

/** One model of the list. Paths are of this server; WebLLM appends a file's name to `path`. */
export interface ListedWebModel {
  readonly id: string
  readonly name: string
  readonly family: string
  readonly architecture: string
  readonly quantization: string
  readonly parameters: number
  readonly contextLength: number
  readonly layers: number
  readonly kvHeads: number
  readonly headSize: number
  readonly hidden: number
  readonly vocabulary: number
  readonly license: string | null
  readonly sha256: string
  /** Of the files, without a library. */
  readonly bytes: number
  /** Ends in `/resolve/main/`; names the content, so that a model made anew is at another one. */
  readonly path: string
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[]
  readonly libraries: readonly {
    readonly path: string
    readonly bytes: number
    readonly sha256: string
    readonly adapters: 'software' | 'gpu'
    readonly arithmetic: 'f32' | 'f16'
    readonly requiredFeatures: readonly string[]
    readonly prefillChunk: number
  }[]
}

/**
 * Models for WebLLM: what there is, and the files. A model's files are under `resolve/main/`, which WebLLM
 * appends to an address that has no such part.
 */
export function webModelRoutes(models: WebModels): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  const list = async (c: AppContext): Promise<Response> => {
    c.header('Cache-Control', 'no-cache')
    return c.json({ models: (await models.list()).map(listed) })
  }
  app.get(ROOT, list)
  app.get(`${ROOT}/`, list)

  app.get(`${ROOT}/${LIBRARIES}/:file`, async (c) =>
    send(c, await models.library(c.req.param('file')), 'named'),
  )
  app.get(`${ROOT}/:model/resolve/main/:file`, async (c) => {
    const model = await models.find(c.req.param('model'))
    return send(c, model && models.fileOf(model, c.req.param('file')), 'ask')
  })
  app.get(`${ROOT}/:model/:version/resolve/main/:file`, async (c) => {
    const model = await models.find(c.req.param('model'))
    const current = model !== undefined && versionOf(model) === c.req.param('version')
    return send(c, current ? models.fileOf(model, c.req.param('file')) : undefined, 'named')
  })
  return app
}

function send(c: AppContext, file: ServedFile | undefined, freshness: Freshness): Response {
  if (file === undefined) throw new RequestError('unknown-route', `${c.req.path}: no such file`)
  return sendFile(c, file, freshness)
}

const versionOf = ({ sha256 }: WebModel): string => sha256.slice(0, VERSION_DIGITS)

function listed(model: WebModel): ListedWebModel {
  const { madeFrom: _, libraries, ...told } = model.description
  return {
    ...told,
    sha256: model.sha256,
    bytes: model.bytes,
    path: `${ROOT}/${told.id}/${versionOf(model)}/resolve/main/`,
    libraries: libraries.map(({ name, ...library }) => ({
      ...library,
      path: `${ROOT}/${LIBRARIES}/${name}`,
    })),
  }
}
