import { z } from 'zod'

/** What `npm run webllm-model` leaves beside a model's files. */
export const DESCRIPTION_FILE = 'berth-model.json'

/** The folder of libraries, beside the folders of models: no model has this name. */
export const LIBRARIES = 'libraries'

const PlainName = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/)
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const Count = z.number().int().nonnegative()

const WebFile = z.object({ name: PlainName, bytes: Count, sha256: Sha256 })

const WebLibrary = WebFile.extend({
  /** `software`: for adapters that compute on the CPU; `gpu`: for real ones. */
  adapters: z.enum(['software', 'gpu']),
  /** What activations and the KV cache are. */
  arithmetic: z.enum(['f32', 'f16']),
  /** WebGPU features without which it does not run. */
  requiredFeatures: z.array(z.string()),
  /** Tokens of a prompt that are computed at a time. */
  prefillChunk: Count,
})

export const WebModelDescription = z.object({
  /** The folder's name: letters, digits, _ . - */
  id: PlainName,
  /** As people know it. */
  name: z.string(),
  /** The name of the model in the store that it was made from: the same model elsewhere. */
  family: z.string(),
  architecture: z.string(),
  quantization: z.string(),
  parameters: Count,
  /** Tokens it was made for. */
  contextLength: Count,
  layers: Count,
  kvHeads: Count,
  headSize: Count,
  hidden: Count,
  vocabulary: Count,
  license: z.string().nullable(),
  /** Changes when anything does that the model was made from, the tool included. */
  madeFrom: z.string(),
  files: z.array(WebFile),
  /** In the folder `libraries`, shared by all models of one shape. */
  libraries: z.array(WebLibrary),
})

/** A model for browsers, as it lies on the disk. */
export type WebModelDescription = z.output<typeof WebModelDescription>
