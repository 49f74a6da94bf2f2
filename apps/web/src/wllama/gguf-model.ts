import type { Bytes } from '@berth/budget'
import type { ModelId, Purpose } from '@berth/scheduler'

/** A GGUF model that wllama can run, wherever its files come from. Plain data. */
export interface GgufModel {
  readonly id: ModelId
  /** Changes with the model's content; '' where nobody tells. */
  readonly revision: string
  readonly purposes: readonly Purpose[]
  /** Its files in order: one, or those of a split model. */
  readonly files: readonly [GgufFile, ...GgufFile[]]
}

export interface GgufFile {
  /** Absolute; its server answers range requests. */
  readonly url: string
  readonly bytes: Bytes
}

export function bytesOfModel({ files }: GgufModel): Bytes {
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}
