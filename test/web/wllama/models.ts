import { stat } from 'node:fs/promises'
import type { Purpose } from '@berth/scheduler'
import type { GgufModel } from '../../../apps/web/src/wllama/index.js'
import type { FileServer } from '../fixtures/index.js'

/** Where a lab's server is to have these files. */
export function mounted(paths: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(paths).map(([id, path]) => [`/${id}.gguf`, path]))
}

/** The same files as models. */
export function ggufModels(
  paths: Readonly<Record<string, string>>,
  { url }: FileServer,
  purpose: (id: string) => Purpose = () => 'generate',
): Promise<readonly GgufModel[]> {
  return Promise.all(
    Object.entries(paths).map(async ([id, path]): Promise<GgufModel> => {
      const { size } = await stat(path)
      return {
        id,
        revision: 'r1',
        purposes: [purpose(id)],
        files: [{ url: `${url}/${id}.gguf`, bytes: size }],
      }
    }),
  )
}
