import { LearnedMemory, MemoryBudget } from '@berth/budget'
import {
  DEFAULT_SETTINGS,
  NO_LIMITS,
  Scheduler,
  type SchedulerRequest,
  type SchedulerSettings,
} from '@berth/scheduler'
import { FakeBackend, plainProfile, type FakeModel } from '@berth/scheduler/testing'
import { onTestFinished } from 'vitest'
import { Origins, type AccessRules } from '../../../apps/server/src/access/index.js'
import { createApp } from '../../../apps/server/src/app.js'
import type { UpstreamConfig } from '../../../apps/server/src/config/index.js'
import { Preloads, type ModelSource } from '../../../apps/server/src/generate/index.js'
import { Library, RegistryClient } from '../../../apps/server/src/library/index.js'
import {
  ModelStore,
  parseModelName,
  shortName,
  type Capability,
  type StoredModel,
} from '../../../apps/server/src/models/index.js'
import { Correlation, Metrics, createLog, logEvents } from '../../../apps/server/src/observe/index.js'
import type { PageFolder } from '../../../apps/server/src/web/index.js'
import type { WebModels } from '../../../apps/server/src/web-models/index.js'
import { systemClock } from '../../../apps/server/src/system-clock.js'
import { Upstreams } from '../../../apps/server/src/upstreams/index.js'

/** A model of the fake store. */
export interface TestModel extends Partial<FakeModel> {
  readonly capabilities?: readonly Capability[]
  readonly stored?: Partial<StoredModel>
}

export interface HarnessOptions {
  readonly models?: Readonly<Record<string, TestModel>>
  readonly settings?: Partial<SchedulerSettings>
  readonly access?: Partial<AccessRules>
  readonly bodyLimit?: number
  readonly upstreams?: readonly UpstreamConfig[]
  readonly page?: PageFolder
  readonly library?: Library
  readonly webModels?: WebModels
  /** Memory of the machine; every model takes a thousandth of it unless its profile says otherwise. */
  readonly memory?: number
}

const MODELS: Readonly<Record<string, TestModel>> = { 'parrot:latest': {} }

/** The whole HTTP side over a real scheduler and a backend without an engine. */
export function harness(options: HarnessOptions = {}) {
  const models = options.models ?? MODELS
  const clock = systemClock()
  const backend = new FakeBackend(clock, fakeModels(models))
  const { log, lines } = recordingLog()
  const upstreams = new Upstreams({ configs: options.upstreams ?? [], clock, log })
  onTestFinished(() => upstreams.stop())
  const scheduler = new Scheduler({
    backends: [backend, ...upstreams.backends],
    budget: new MemoryBudget([{ id: 'ram', kind: 'ram', name: 'RAM', capacity: options.memory ?? 1e9 }]),
    learned: new LearnedMemory(),
    clock,
    settings: { ...DEFAULT_SETTINGS, slots: 1, ...options.settings },
  })
  onTestFinished(async () => await scheduler.stop({ graceMs: 0 }))

  const requests: SchedulerRequest[] = []
  const correlation = new Correlation()
  const metrics = new Metrics(scheduler)
  scheduler.on(metrics.count)
  scheduler.on(logEvents(log, correlation))
  const source = upstreams.behind(modelSource(models), (model) => scheduler.modelChanged(model))
  const app = createApp({
    scheduler: {
      submit: (request) => {
        requests.push(request)
        return scheduler.submit(request)
      },
      on: (listener) => scheduler.on(listener),
      snapshot: () => scheduler.snapshot(),
      unload: (model, how) => scheduler.unload(model, how),
      pin: (model, pinned) => scheduler.pin(model, pinned),
      request: (id) => scheduler.request(id),
      cancel: (id, why) => scheduler.cancel(id, why),
      reclass: (id, to, why) => scheduler.reclass(id, to, why),
      get pins() {
        return scheduler.pins
      },
      facts: (runner) => scheduler.facts(runner),
    },
    models: source,
    preloads: new Preloads(
      source,
      {
        client: 'berth',
        class: 'normal',
        limits: NO_LIMITS,
        signal: new AbortController().signal,
        submit: (request) => scheduler.submit(request),
        warn: (message) => log.warn(message),
        contextLength: 1_000,
      },
      log,
    ),
    library: options.library ?? emptyLibrary(),
    correlation,
    metrics,
    clientLimits: { ...DEFAULT_SETTINGS.clientLimits, ...options.settings?.clientLimits },
    contextLength: 1_000,
    bodyLimit: options.bodyLimit ?? 1_000_000,
    version: '9.9.9',
    firstModel: () => 'Get one first.',
    stopping: new AbortController().signal,
    access: {
      loopback: true,
      machineName: 'quay',
      origins: new Origins([]),
      keys: undefined,
      ...options.access,
    },
    log,
    ...(options.page === undefined ? {} : { page: options.page }),
    ...(options.webModels === undefined ? {} : { webModels: options.webModels }),
  })
  const post = async (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    await app.request(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  return { app, backend, scheduler, requests, lines, post }
}

/** Over a store that nobody looks into. */
function emptyLibrary(): Library {
  const store = new ModelStore({ own: '/nonexistent', shared: [], gguf: [] }, () => undefined)
  return new Library({ store, registry: new RegistryClient(), changed: () => undefined })
}

function fakeModels(models: Readonly<Record<string, TestModel>>): Readonly<Record<string, FakeModel>> {
  return Object.fromEntries(
    Object.entries(models).map(([name, model]) => [
      name,
      { profile: plainProfile({ weights: 1e6 }), ...model },
    ]),
  )
}

function recordingLog() {
  const lines: Record<string, unknown>[] = []
  const log = createLog(
    { level: 'trace', format: 'json' },
    { write: (line) => void lines.push(JSON.parse(line)) },
  )
  return { log, lines }
}

function modelSource(models: Readonly<Record<string, TestModel>>): ModelSource {
  const stored = Object.entries(models).map(([name, model]): StoredModel => storedModel(name, model))
  const facts = {
    format: 'gguf',
    family: 'bird',
    families: ['bird'],
    parameterSize: '1K',
    quantization: 'F16',
    contextLength: 512,
    embeddingLength: 64,
  }
  const capabilities = (name: string) => models[name]?.capabilities ?? (['completion'] as const)
  return {
    list: () => Promise.resolve(stored),
    find: async (name) => {
      const wanted = shortName(parseModelName(name))
      return await Promise.resolve(stored.find((model) => model.name === wanted))
    },
    facts: ({ name }) => Promise.resolve({ facts, capabilities: capabilities(name), parameterCount: 1_000 }),
    listedFacts: ({ name }) => Promise.resolve({ ...facts, capabilities: capabilities(name) }),
    describe: (model) =>
      Promise.resolve({
        model,
        facts,
        capabilities: capabilities(model.name),
        license: 'Apache-2.0',
        modelfile: `FROM ${model.files[0]}\n`,
        parameters: 'temperature 0.2',
        template: '{{ messages }}',
        info: { 'general.architecture': 'bird', 'tokenizer.ggml.tokens': null },
        tensors: [{ name: 'beak', shape: [2, 2], type: 'F16' }],
      }),
  }
}

const storedModel = (name: string, { stored }: TestModel): StoredModel => ({
  name,
  digest: 'd'.repeat(64),
  files: ['/models/parrot.gguf'],
  bytes: 1_234,
  modifiedAt: new Date('2026-01-02T03:04:05Z'),
  source: 'own',
  adapters: [],
  projectors: [],
  parameters: {},
  messages: [],
  licenses: [],
  facts: {},
  ...stored,
})

/** A JSON body of the type that its test is about. */
export async function json<Body>(response: Response | Promise<Response>): Promise<Body> {
  return JSON.parse(await (await response).text())
}

/** What both shapes of error bodies have. */
export interface ErrorBody {
  readonly error: string
}

/** The values of an NDJSON body. */
export async function ndjson(response: Response): Promise<Record<string, unknown>[]> {
  const text = await response.text()
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** The data of an SSE body, parsed where it is JSON. */
export async function sse(response: Response): Promise<(Record<string, unknown> | string)[]> {
  const text = await response.text()
  return text
    .split('\n\n')
    .filter((event) => event.startsWith('data: '))
    .map((event) => event.slice('data: '.length))
    .map((data) => (data.startsWith('{') ? JSON.parse(data) : data))
}
