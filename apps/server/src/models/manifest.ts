import { z } from 'zod'
import { StoreError } from './store-error.js'

/** Media types of Ollama's layers. */
export const MEDIA_TYPE = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  model: 'application/vnd.ollama.image.model',
  projector: 'application/vnd.ollama.image.projector',
  adapter: 'application/vnd.ollama.image.adapter',
  template: 'application/vnd.ollama.image.template',
  system: 'application/vnd.ollama.image.system',
  params: 'application/vnd.ollama.image.params',
  messages: 'application/vnd.ollama.image.messages',
  license: 'application/vnd.ollama.image.license',
} as const

// A digest becomes a file name: nothing but hexadecimal digits may pass.
const digest = z.string().regex(/^sha256[:-][0-9a-f]{64}$/, 'should be "sha256:" and 64 hexadecimal digits')

const layer = z.object({
  mediaType: z.string(),
  digest,
  size: z.int().nonnegative(),
  /** The name of the model that the layer was taken from. */
  from: z.string().optional(),
})

const manifest = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  config: layer,
  layers: z.array(layer),
})

const modelConfig = z.object({
  model_format: z.string().optional(),
  model_family: z.string().optional(),
  model_families: z.array(z.string()).nullish(),
  /** The parameters' number, for people: "134.52M". */
  model_type: z.string().optional(),
  file_type: z.string().optional(),
})

const messages = z.array(z.object({ role: z.string(), content: z.string() }))
const parameters = z.record(z.string(), z.unknown())

export type Layer = z.infer<typeof layer>
export type Manifest = z.infer<typeof manifest>
export type ModelConfig = z.infer<typeof modelConfig>
export type Parameters = z.infer<typeof parameters>
export type PresetMessage = z.infer<typeof messages>[number]

export const parseManifest = (text: string): Manifest => parse(manifest, text, 'manifest')
export const parseModelConfig = (text: string): ModelConfig => parse(modelConfig, text, 'config layer')
export const parseMessages = (text: string): PresetMessage[] => parse(messages, text, 'messages layer')
export const parseParameters = (text: string): Parameters => parse(parameters, text, 'params layer')

/** The file name of a blob in the `blobs` folder. */
export function blobName(layerDigest: string): string {
  return layerDigest.replace(':', '-')
}

function parse<T>(schema: z.ZodType<T>, text: string, what: string): T {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new StoreError('broken-model', `the ${what} is not JSON`, { cause: error })
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const where = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`
  throw new StoreError(
    'broken-model',
    `the ${what} is not as it should be${where}: ${issue?.message ?? 'unknown'}`,
  )
}
