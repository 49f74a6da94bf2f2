import { existsSync, readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Hono } from 'hono'
import { NO_LIMITS } from '@berth/scheduler'
import type { Logger } from 'pino'
import { ApiKeys, Origins } from './access/index.js'
import type { AppEnv } from './app-env.js'
import { createApp } from './app.js'
import { isLoopback, urlOf, type Config, type ListenAddress } from './config/index.js'
import { createEngine, servedModels, type Engine } from './engine/index.js'
import { Preloads, type Caller, type ModelSource } from './generate/index.js'
import { addressOf, listen } from './listen.js'
import { FirstModel, Library, RegistryClient, firstModelSources } from './library/index.js'
import { ModelStore, parseModelName, shortName, storeFolders } from './models/index.js'
import { systemClock } from './system-clock.js'
import { Upstreams } from './upstreams/index.js'
import { Correlation, Metrics, logEvents } from './observe/index.js'
import { PageFolder } from './web/index.js'
import { WebModels, webModelsFolder } from './web-models/index.js'

/** How long answers that are already there may take to be sent when the server stops. */
const FLUSH_MS = 1_000

/** The page beside this file in npm's package, else where it is built, seen from sources and build alike. */
const PACKED_PAGE = fileURLToPath(new URL('page', import.meta.url))
const PAGE = existsSync(PACKED_PAGE) ? PACKED_PAGE : fileURLToPath(new URL('../../web/dist', import.meta.url))

/** A mistake of whoever starts the server, in one sentence with what to do. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** A server that listens. */
export interface RunningServer {
  readonly address: ListenAddress
  /** Resolves when the models can be asked; requests that come sooner wait for it. */
  readonly ready: Promise<void>
  /** Takes no new requests, lets running ones finish within the bound, and resolves when all is gone. */
  stop(graceMs: number): Promise<void>
}

/** @throws StartError, ListenError */
export async function startServer(config: Config, version: string, log: Logger): Promise<RunningServer> {
  const keys = config.apiKeys === undefined ? undefined : readKeys(config.apiKeys)
  const stopping = new AbortController()
  const wanted = { ...config.host, ...(config.port === undefined ? {} : { port: config.port }) }

  // The port is opened before the machine is looked at: whoever calls in that second waits for the answer.
  const assembled = new Gate<Assembled>()
  const server = await listen(
    async (request, env) => (await assembled.passed).app.fetch(request, env),
    wanted,
  )
  const address = addressOf(server, wanted)
  log.info(`Berth ${version} is listening on ${urlOf(address)}`)
  const page = new PageFolder(PAGE)
  if (page.refresh() === null) log.warn('There is no page for browsers yet: npm run build makes it')
  else log.info(`Open ${urlForPeople(address)} in a browser to chat`)
  if (!isLoopback(address.hostname) && keys === undefined) {
    log.warn(
      'Other machines can reach this server and nobody is asked for a key; BERTH_API_KEYS changes that',
    )
  }
  assembled.open(
    assemble({
      config,
      version,
      log,
      keys,
      loopback: isLoopback(address.hostname),
      stopping: stopping.signal,
      page,
    }),
  )
  const ready = assembled.passed.then(() => {})
  ready.catch(() => server.closeAllConnections())

  return {
    address,
    ready,
    async stop(graceMs) {
      stopping.abort()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const engine = await assembled.passed.then(
        (parts) => parts.engine,
        () => undefined,
      )
      await engine?.stop(graceMs)
      await flushed(server, closed)
    },
  }
}

/** A promise that is given its outcome from outside. */
class Gate<Value> {
  readonly passed: Promise<Value>
  open!: (value: Promise<Value>) => void

  constructor() {
    this.passed = new Promise((resolve) => {
      this.open = resolve
    })
  }
}

interface Assembled {
  readonly app: Hono<AppEnv>
  readonly engine: Engine
}

async function assemble(parts: {
  readonly config: Config
  readonly version: string
  readonly log: Logger
  readonly keys: ApiKeys | undefined
  readonly loopback: boolean
  readonly stopping: AbortSignal
  readonly page: PageFolder
}): Promise<Assembled> {
  const { config, version, log, keys, loopback, stopping, page } = parts
  const { models: own, ollamaModels: ollama, ggufFolders: gguf } = config
  const store = new ModelStore(storeFolders({ own, ollama, gguf }), (problem) => log.warn(problem))
  const upstreams = new Upstreams({ configs: config.upstreams, clock: systemClock(), log })
  upstreams.connect()
  stopping.addEventListener('abort', () => upstreams.stop(), { once: true })
  const engine = await createEngine(config, store, log, upstreams.backends)
  const { scheduler } = engine

  const correlation = new Correlation()
  const metrics = new Metrics(scheduler)
  scheduler.on(metrics.count)
  scheduler.on(logEvents(log, correlation))

  const firstModel = new FirstModel(store, firstModelSources(), log)
  if (config.firstModel === 'auto' && config.upstreams.length === 0 && (await store.list()).length === 0) {
    // Aborted when the server stops, which is all that it can reject for.
    firstModel.ensure(stopping).catch(() => {})
  }
  const models = upstreams.behind(
    servedModels(store, (model) => scheduler.modelChanged(model)),
    (model) => scheduler.modelChanged(model),
  )
  await pinAll(config.pinned, models, scheduler, log)
  const preloads = new Preloads(models, ownCaller(engine, stopping, log), log)
  void preloads.add(config.preload)
  const app = createApp({
    scheduler,
    library: new Library({
      store,
      registry: new RegistryClient(),
      changed: (model) => scheduler.modelChanged(model),
      underWay: (model) => firstModel.underWay(model),
    }),
    models,
    preloads,
    correlation,
    metrics,
    stopping,
    clientLimits: engine.settings.clientLimits,
    contextLength: engine.settings.contextLength,
    bodyLimit: config.bodyLimit,
    version,
    firstModel: () => firstModel.text,
    access: { loopback, machineName: hostname(), origins: new Origins(config.origins), keys },
    log,
    page,
    webModels: new WebModels(webModelsFolder(config.webModels, store.folders.own), (problem) =>
      log.warn(problem),
    ),
  })
  return { app, engine }
}

/** Pins hold from a model's next load on, so that one that is not there yet may be pinned as well. */
async function pinAll(
  names: readonly string[],
  models: ModelSource,
  scheduler: Engine['scheduler'],
  log: Logger,
): Promise<void> {
  for (const name of names) {
    try {
      scheduler.pin((await models.find(name))?.name ?? shortName(parseModelName(name)), true)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      log.warn({ model: name }, `${name} is to be pinned and cannot be: ${why}`)
    }
  }
}

/** The server itself, where it asks for models: no client's limits are its own. */
function ownCaller({ scheduler, settings }: Engine, stopping: AbortSignal, log: Logger): Caller {
  return {
    client: 'berth',
    class: 'normal',
    limits: NO_LIMITS,
    signal: stopping,
    submit: (request) => scheduler.submit(request),
    warn: (message) => log.warn(message),
    contextLength: settings.contextLength,
  }
}

/** A server that listens on every address is reached at this machine's own. */
function urlForPeople({ hostname: host, port }: ListenAddress): string {
  return urlOf({ hostname: host === '0.0.0.0' || host === '::' ? 'localhost' : host, port })
}

function readKeys(path: string): ApiKeys {
  try {
    return ApiKeys.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new StartError(
      `BERTH_API_KEYS: ${path}: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    )
  }
}

/** Waits for the answers that are on their way, and no longer than the bound. */
async function flushed(server: Server, closed: Promise<void>): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), FLUSH_MS)
  await closed
  clearTimeout(timer)
}
