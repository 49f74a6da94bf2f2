import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const CONFIG = {
  model_format: 'gguf',
  model_family: 'llama',
  model_families: ['llama'],
  model_type: '1.2M',
  file_type: 'Q8_0',
}

/** What to put into a store for a model; layers are texts by the end of their media type. */
export interface ModelContents {
  readonly model?: string | Uint8Array
  readonly layers?: Readonly<Record<string, string>>
  readonly config?: string
}

/** Writes a store of Ollama's layout, as `ollama pull` leaves it. */
export async function putModel(folder: string, path: string, contents: ModelContents = {}): Promise<string> {
  const put = async (type: string, bytes: string | Uint8Array) => {
    const hex = createHash('sha256').update(bytes).digest('hex')
    await write(join(folder, 'blobs', `sha256-${hex}`), bytes)
    return { mediaType: type, digest: `sha256:${hex}`, size: Buffer.byteLength(bytes) }
  }
  const layers = [await put('application/vnd.ollama.image.model', contents.model ?? `weights of ${path}`)]
  for (const [type, text] of Object.entries(contents.layers ?? {})) {
    layers.push(await put(`application/vnd.ollama.image.${type}`, text))
  }
  const config = await put(
    'application/vnd.docker.container.image.v1+json',
    contents.config ?? JSON.stringify(CONFIG),
  )
  const manifest = JSON.stringify({ schemaVersion: 2, config, layers })
  await write(join(folder, 'manifests', path), manifest)
  return manifest
}

async function write(path: string, contents: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, contents)
}
