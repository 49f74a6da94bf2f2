import type { RemoteModel } from '@berth/protocol'
import type { Capability, FileFacts, FullFacts, ModelDescription, StoredModel } from '../models/index.js'
import { z } from 'zod'

const CAPABILITIES: readonly Capability[] = [
  'completion',
  'tools',
  'insert',
  'thinking',
  'vision',
  'embedding',
]

/** A server's model in the shape in which the routes know models. */
export function upstreamModel(model: RemoteModel, address: string): StoredModel {
  return {
    name: model.name,
    digest: model.revision,
    // Nothing is opened: it tells where the model is.
    files: [address],
    bytes: model.bytes,
    modifiedAt: new Date(model.modifiedAt ?? 0),
    source: 'upstream',
    adapters: [],
    projectors: [],
    // Its server has them, and puts them under what a request says.
    parameters: {},
    messages: [],
    licenses: [],
    facts: factsOf(model),
  }
}

/** What an empty text stands for is not known. */
function factsOf(model: RemoteModel): FullFacts {
  return {
    format: model.format ?? '',
    family: model.family ?? '',
    families: model.family === null ? [] : [model.family],
    parameterSize: model.parameterSize ?? '',
    quantization: model.quantization ?? '',
    ...(model.contextLength === null ? {} : { contextLength: model.contextLength }),
  }
}

/** A model of which nothing is told may be asked for anything: its server will say what it cannot do. */
export function upstreamFacts(model: RemoteModel): FileFacts {
  const told = model.capabilities
  return {
    facts: factsOf(model),
    capabilities: told === null ? CAPABILITIES : CAPABILITIES.filter((one) => told.includes(one)),
    parameterCount: model.parameters ?? 0,
  }
}

const text = z.string().nullish()

const scalar = z.union([z.string(), z.number(), z.boolean()])

/** Of a GGUF's metadata; long lists are null, and what is of no kind that a GGUF knows is as good as that. */
const value = z.union([scalar, z.array(scalar), z.null()]).catch(null)

/** The answer of `/api/show`, as far as it is passed on. */
const Shown = z.object({
  license: text,
  modelfile: text,
  parameters: text,
  template: text,
  system: text,
  messages: z.array(z.object({ role: z.string(), content: z.string() })).nullish(),
  model_info: z.record(z.string(), value).nullish(),
  tensors: z.array(z.object({ name: z.string(), type: z.string(), shape: z.array(z.number()) })).nullish(),
})

/** All that a server shows of a model. @param answer of its `/api/show`; null where it has none. */
export function upstreamDescription(
  stored: StoredModel,
  model: RemoteModel,
  answer: unknown,
): ModelDescription {
  const shown = Shown.parse(answer ?? {})
  return {
    model: {
      ...stored,
      ...(shown.system ? { system: shown.system } : {}),
      ...(shown.messages ? { messages: shown.messages } : {}),
    },
    facts: factsOf(model),
    capabilities: model.capabilities === null ? [] : upstreamFacts(model).capabilities,
    ...(shown.license ? { license: shown.license } : {}),
    modelfile: shown.modelfile ?? '',
    parameters: shown.parameters ?? '',
    ...(shown.template ? { template: shown.template } : {}),
    info: shown.model_info ?? {},
    tensors: shown.tensors ?? [],
  }
}
