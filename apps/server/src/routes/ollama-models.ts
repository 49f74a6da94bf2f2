import {
  OllamaShowRequest,
  type OllamaDetails,
  type OllamaPsResponse,
  type OllamaShowResponse,
  type OllamaTagsResponse,
} from '@berth/protocol'
import type { RunnerSnapshot, Snapshot } from '@berth/scheduler'
import { Hono } from 'hono'
import type { AppEnv } from '../app-env.js'
import { storedModel } from '../generate/index.js'
import type { ModelFacts, StoredModel } from '../models/index.js'
import type { RouteDeps } from './deps.js'
import { readBody } from './respond.js'

/** When a model leaves that stays for ever: a date that no clock reaches, as Ollama has it. */
const NEVER_MS = Date.UTC(2318, 0, 1)

/** Ollama's API, as far as it lists and shows models. */
export function ollamaModelRoutes(deps: RouteDeps): Hono<AppEnv> {
  const { models, scheduler } = deps
  const app = new Hono<AppEnv>()

  app.get('/api/tags', async (c) => {
    const list = await models.list()
    const response: OllamaTagsResponse = {
      models: await Promise.all(
        list.map(async (model) => {
          const facts = await models.listedFacts(model)
          return {
            name: model.name,
            model: model.name,
            modified_at: model.modifiedAt.toISOString(),
            size: model.bytes,
            digest: model.digest,
            details: detailsOf(model, facts),
            ...(facts.capabilities.length === 0 ? {} : { capabilities: facts.capabilities }),
          }
        }),
      ),
    }
    return c.json(response)
  })

  app.get('/api/ps', async (c) => {
    const snapshot = scheduler.snapshot()
    const rows = snapshot.runners
      .filter(({ state }) => state !== 'idle')
      .map((runner) => ({ runner, expires: expiryOf(runner, snapshot.at) }))
      .toSorted((a, b) => b.expires - a.expires)
    const response: OllamaPsResponse = {
      models: await Promise.all(
        rows.map(async ({ runner, expires }) => {
          // It may have been deleted while it is loaded.
          const model = await models.find(runner.model).catch(() => undefined)
          return {
            name: runner.model,
            model: runner.model,
            size: runner.totalBytes,
            digest: runner.spec.revision,
            details: detailsOf(model, model === undefined ? {} : await models.listedFacts(model)),
            expires_at: new Date(expires).toISOString(),
            size_vram: gpuBytes(runner, snapshot),
            context_length: runner.spec.contextLength,
          }
        }),
      ),
    }
    return c.json(response)
  })

  app.post('/api/show', async (c) => {
    const { model: name } = await readBody(c, OllamaShowRequest, deps)
    const shown = await models.describe(await storedModel(models, name))
    const { model, capabilities } = shown
    const response: OllamaShowResponse = {
      ...(shown.license === undefined ? {} : { license: shown.license }),
      modelfile: shown.modelfile,
      ...(shown.parameters === '' ? {} : { parameters: shown.parameters }),
      ...(shown.template === undefined ? {} : { template: shown.template }),
      ...(model.system === undefined ? {} : { system: model.system }),
      details: detailsOf(model, shown.facts),
      ...(model.messages.length === 0 ? {} : { messages: model.messages }),
      model_info: shown.info,
      tensors: shown.tensors.map(({ name: tensor, type, shape }) => ({ name: tensor, type, shape })),
      capabilities,
      modified_at: model.modifiedAt.toISOString(),
    }
    return c.json(response)
  })

  return app
}

function detailsOf(model: StoredModel | undefined, facts: ModelFacts): OllamaDetails {
  return {
    parent_model: model?.parent ?? '',
    format: facts.format ?? 'gguf',
    family: facts.family ?? '',
    families: facts.families ?? null,
    parameter_size: facts.parameterSize ?? '',
    quantization_level: facts.quantization ?? '',
    ...(facts.contextLength === undefined ? {} : { context_length: facts.contextLength }),
    ...(facts.embeddingLength === undefined ? {} : { embedding_length: facts.embeddingLength }),
  }
}

/** Milliseconds since 1970. A busy or loading model has not begun to expire: it stays as long again. */
function expiryOf(runner: RunnerSnapshot, now: number): number {
  const at =
    runner.expiresAt ?? (runner.keepAliveMs < 0 ? Number.POSITIVE_INFINITY : now + runner.keepAliveMs)
  // The scheduler's clock counts from a moment of its own.
  return runner.pinned ? NEVER_MS : Math.min(Date.now() + (at - now), NEVER_MS)
}

function gpuBytes(runner: RunnerSnapshot, { devices }: Snapshot): number {
  return runner.bytes
    .filter(({ device }) =>
      devices.some((usage) => usage.device.id === device && usage.device.kind !== 'ram'),
    )
    .reduce((sum, { bytes }) => sum + bytes, 0)
}
