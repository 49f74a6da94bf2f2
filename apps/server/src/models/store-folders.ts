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

/** What users say of the folders; what they leave out is the usual place. */
interface NamedFolders {
  /** The own store (`BERTH_MODELS`): `~/.berth/models`. */
  readonly own: string | undefined
  /** A store of Ollama's that comes before its usual ones (`OLLAMA_MODELS`). */
  readonly ollama: string | undefined
  /** Folders of plain files. */
  readonly gguf: readonly string[]
}

/** Nothing but what `BERTH_MODELS` or `~/.berth` says is ever written to: `OLLAMA_MODELS` is another program's. */
export function storeFolders(named: NamedFolders, home: string = homedir()): StoreFolders {
  const own = resolve(named.own ?? join(home, '.berth', 'models'))
  const ollama = named.ollama === undefined ? [] : [resolve(named.ollama)]
  const shared = new Set([...ollama, join(home, '.ollama', 'models'), OLLAMA_SERVICE])
  shared.delete(own)
  return { own, shared: [...shared], gguf: named.gguf.map((folder) => resolve(folder)) }
}
