import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** Where models are looked for; of two with the same name the one that comes first counts. */
export interface StoreFolders {
  /** Berth's own, in Ollama's layout: the only one that is written to. */
  readonly own: string
  /** Ollama's, only read. */
  readonly shared: readonly string[]
  /** Folders of plain GGUF files, only read. */
  readonly gguf: readonly string[]
}

/** Where Ollama's Linux service keeps its models. */
const OLLAMA_SERVICE = '/usr/share/ollama/.ollama/models'

/**
 * @param models the own store if the user named one (`OLLAMA_MODELS`); else it is `~/.berth/models`.
 * @param gguf folders of plain files.
 */
export function storeFolders(
  models: string | undefined,
  gguf: readonly string[],
  home: string = homedir(),
): StoreFolders {
  const own = resolve(models ?? join(home, '.berth', 'models'))
  const shared = [join(home, '.ollama', 'models'), OLLAMA_SERVICE].filter((folder) => folder !== own)
  return { own, shared, gguf: gguf.map((folder) => resolve(folder)) }
}
