import { GoTemplateError, parseGoTemplate, type OllamaCreateRequest } from '@berth/protocol'
import { RequestError } from '../generate/index.js'
import type { CreateOrder } from '../library/index.js'
import { checkedParameters } from './model-parameters.js'

const NO_QUANTIZING = "Berth does not quantize; make the file with llama.cpp's llama-quantize and upload that"
const NO_DRAFTS = 'the engine here runs no draft models'
const TEMPLATE_SAYS_IT = 'Berth reads how a model talks off its template; say it there'

/** Wishes that cannot be met are refused by name: the model would not be the one that was asked for. */
const NOT_DONE: Readonly<Partial<Record<keyof OllamaCreateRequest, string>>> = {
  quantize: NO_QUANTIZING,
  quantization: NO_QUANTIZING,
  draft_files: NO_DRAFTS,
  draft_quantize: NO_DRAFTS,
  remote_host: 'a model on another server is configured as an upstream (BERTH_UPSTREAMS)',
  renderer: TEMPLATE_SAYS_IT,
  parser: TEMPLATE_SAYS_IT,
  info: 'what a model is stands in its file, and is not overridden',
}

/** @throws RequestError that names what is wrong, or what is not done here. */
export function createOrder(body: OllamaCreateRequest): CreateOrder {
  for (const [field, why] of Object.entries(NOT_DONE)) {
    const value: unknown = Reflect.get(body, field)
    if (value === undefined || value === '') continue
    throw new RequestError('not-supported', `${field}: ${why}, got ${JSON.stringify(value)}`, field)
  }
  const { model, from, files, adapters, template, system, messages, license, parameters } = body
  if (!from && files === undefined) {
    throw new RequestError('bad-request', "neither 'from' or 'files' was specified", 'from')
  }
  if (!from && Object.keys(files ?? {}).length === 0) {
    throw new RequestError('bad-request', 'files: expected at least one file, got none', 'files')
  }
  for (const [field, names] of Object.entries({ files, adapters })) {
    for (const [file, digest] of Object.entries(names ?? {})) checkFile(field, file, digest)
  }
  return {
    model,
    from: from || undefined,
    files,
    adapters,
    template: checkedTemplate(template),
    system,
    messages,
    licenses: license,
    parameters: parameters === undefined ? undefined : checkedParameters(parameters),
  }
}

function checkFile(field: string, file: string, digest: string): void {
  const at = `${field}[${JSON.stringify(file)}]`
  if (file.startsWith('/') || file.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    throw new RequestError('bad-request', `${at}: file path must be relative`, field)
  }
  if (/^sha256[:-][0-9a-f]{64}$/i.test(digest)) return
  throw new RequestError(
    'bad-request',
    `${at}: invalid digest format: expected "sha256:" and 64 hexadecimal digits, got ${JSON.stringify(digest)}`,
    field,
  )
}

function checkedTemplate(template: string | undefined): string | undefined {
  if (!template) return template
  try {
    parseGoTemplate(template)
    return template
  } catch (error) {
    if (!(error instanceof GoTemplateError)) throw error
    throw new RequestError('bad-request', `template error: ${error.message}`, 'template', { cause: error })
  }
}
