import type { Tokens } from '@berth/budget'
import type { ModelRecord } from '@mlc-ai/web-llm'
import { modelOfRecord } from '../webllm/index.js'
import type { WebLlmLibrary, WebLlmModel } from '../webllm/index.js'
import { count, list, name, oneOf, record, text } from './checks.js'
import { listFrom } from './kept-list.js'

/** A WebLLM model with what its list tells for people. */
export interface ListedWebLlm {
  readonly model: WebLlmModel
  /** As a list spells it. */
  readonly spelled: string
  /** The same model's name on its server, where it was made from one. */
  readonly madeFrom: string | null
  readonly quantization: string | null
  readonly parameters: number | null
  readonly license: string | null
  readonly contextLength: Tokens | null
}

/** Goes before the names of models, so that no other engine's or server's are like them. */
const PREFIX = 'webllm/'

/**
 * WebLLM's own list, as in the version that is installed (a test compares them): to import WebLLM for its list
 * alone would be six megabytes of program.
 */
export async function prebuiltModels(): Promise<readonly ListedWebLlm[]> {
  const { default: records } = await import('./prebuilt-models.json')
  return records.map((one: ModelRecord) => listedRecord(PREFIX + one.model_id, one))
}

/**
 * The list of a server that has models for browsers (`/web-models/`), its own or another's.
 * @param address of the list.
 * @throws where nothing answers, or what is no list; a model in it that is none is left out.
 */
export async function listedModels(address: string): Promise<readonly ListedWebLlm[]> {
  const models = list(record(await listFrom(address), 'list')['models'], 'models', (model) => model)
  return models.flatMap((model) => {
    try {
      return [listedModel(address, model)]
    } catch {
      return []
    }
  })
}

/**
 * A model by the address of its folder and of its library, as the user gives them: two addresses with a space
 * between them.
 */
export function modelAt(folder: string, library: string): ListedWebLlm {
  const spelled =
    folder
      .replace(/\/+$/, '')
      .replace(/\/resolve\/[^/]+$/, '')
      .split('/')
      .at(-1) ?? folder
  const made: ModelRecord = { model: folder, model_id: spelled, model_lib: library }
  return listedRecord(PREFIX + folder, made)
}

function listedRecord(id: string, made: ModelRecord): ListedWebLlm {
  return {
    model: { ...modelOfRecord(made), id },
    spelled: made.model_id,
    madeFrom: null,
    quantization: null,
    parameters: null,
    license: null,
    contextLength: made.overrides?.context_window_size ?? null,
  }
}

/** @throws BadMessage */
function listedModel(address: string, value: unknown): ListedWebLlm {
  const listed = record(value, 'model')
  const id = name(listed['id'], 'model.id')
  const license = listed['license']
  const libraries = list(listed['libraries'], 'model.libraries', (each, field) =>
    libraryOf(address, each, field),
  )
  const [first, ...others] = libraries
  if (first === undefined) throw new Error(`${id} has no library`)
  const files = list(listed['files'], 'model.files', (file, field) => {
    const one = record(file, field)
    return [name(one['name'], `${field}.name`), count(one['bytes'], `${field}.bytes`, 0)] as const
  })
  return {
    model: {
      id: `${PREFIX}${new URL(id, address).href}`,
      revision: name(listed['sha256'], 'model.sha256'),
      record: {
        model: new URL(name(listed['path'], 'model.path'), address).href,
        model_id: id,
        model_lib: first.url,
      },
      libraries: [first, ...others],
      fileBytes: Object.fromEntries(files),
    },
    spelled: text(listed['name'], 'model.name'),
    madeFrom: text(listed['family'], 'model.family'),
    quantization: text(listed['quantization'], 'model.quantization'),
    parameters: count(listed['parameters'], 'model.parameters', 0),
    license: typeof license === 'string' ? license : null,
    contextLength: count(listed['contextLength'], 'model.contextLength', 0),
  }
}

function libraryOf(address: string, value: unknown, field: string): WebLlmLibrary {
  const library = record(value, field)
  return {
    url: new URL(name(library['path'], `${field}.path`), address).href,
    kernels: oneOf(library['adapters'], `${field}.adapters`, ['software', 'gpu']),
    requiredFeatures: list(library['requiredFeatures'], `${field}.requiredFeatures`, text),
    bytes: count(library['bytes'], `${field}.bytes`, 0),
  }
}
