import { readFile } from 'node:fs/promises'
import type { GgufTensor, GgufValue } from '@berth/budget'
import { type Capability } from './capabilities.js'
import { readGgufMetadata } from './gguf-metadata.js'
import { fileFacts } from './model-facts.js'
import { modelfile, parameterLines } from './modelfile.js'
import { StoreError } from './store-error.js'
import type { ModelFacts, StoredModel } from './stored-model.js'

/** Everything there is to say of a model. */
export interface ModelDescription {
  readonly model: StoredModel
  readonly facts: ModelFacts
  readonly capabilities: readonly Capability[]
  readonly license?: string
  readonly modelfile: string
  /** A line for each parameter; empty where there is none. */
  readonly parameters: string
  /** The Go template if the model has one, else the GGUF's own Jinja template. */
  readonly template?: string
  /** The GGUF's metadata, by its keys, with `general.parameter_count`; the vocabulary and other long lists are null. */
  readonly info: Readonly<Record<string, GgufValue | null>>
  readonly tensors: readonly GgufTensor[]
}

/**
 * Reads the model's file and puts together what `show` tells.
 * @throws StoreError `broken-model` when the file is not a readable GGUF.
 */
export async function describeModel(model: StoredModel): Promise<ModelDescription> {
  const metadata = await readGgufMetadata(model.files[0]).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error)
    throw new StoreError('broken-model', `model ${JSON.stringify(model.name)} cannot be used: ${why}`, {
      cause: error,
    })
  })
  const read = fileFacts(model, metadata)
  const licenses = await Promise.all(model.licenses.map((path) => readFile(path, 'utf8')))
  const jinja = metadata.values['tokenizer.chat_template']
  const template = model.template ?? (typeof jinja === 'string' ? jinja : undefined)
  const { 'tokenizer.chat_template': _template, 'general.name': _name, ...values } = metadata.values
  return {
    model,
    facts: { ...read.facts, ...model.facts },
    capabilities: read.capabilities,
    ...(licenses.length === 0 ? {} : { license: licenses.join('\n') }),
    modelfile: modelfile(model, licenses),
    parameters: parameterLines(model).join('\n'),
    ...(template === undefined ? {} : { template }),
    info: {
      ...Object.fromEntries(
        Object.entries(values).map(([key, value]) => [key, isVocabulary(key, value) ? null : value]),
      ),
      ...Object.fromEntries(Object.keys(metadata.lengths).map((key) => [key, null])),
      'general.parameter_count': read.parameterCount,
    },
    tensors: metadata.tensors,
  }
}

function isVocabulary(key: string, value: GgufValue): boolean {
  return key.startsWith('tokenizer.') && Array.isArray(value)
}
