import { readdir, readFile, writeFile } from 'node:fs/promises'
import { extname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Plugin } from 'vite'
import { pageHeaders } from './page-headers.js'

/** What gets smaller by compressing. */
const TEXTUAL = new Set(['.html', '.js', '.css', '.svg', '.json', '.wasm', '.webmanifest'])

/** Below this there is nothing to gain. Bytes. */
const LEAST = 1_024

/** From this size on, the last few per cent would cost many seconds; they are engines, fetched once. Bytes. */
const BIG = 400_000

/**
 * What is done when all files are there: each gets its compressed twins, and the headers are written, last,
 * which is what the server knows a finished build by.
 */
export function finish(): Plugin {
  let folder = ''
  return {
    name: 'berth:finish',
    apply: 'build',
    enforce: 'post',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir)
    },
    closeBundle: {
      // After the service worker, which another plugin builds at this very point.
      order: 'post',
      sequential: true,
      async handler() {
        await compress(folder)
        await writeFile(join(folder, 'headers.json'), `${JSON.stringify(pageHeaders(), null, 2)}\n`)
      },
    },
  }
}

async function compress(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  for (const entry of entries) {
    if (!entry.isFile() || !TEXTUAL.has(extname(entry.name))) continue
    const path = join(entry.parentPath, entry.name)
    const bytes = await readFile(path)
    if (bytes.length < LEAST) continue
    const [br, gz] = await Promise.all([
      promisify(brotliCompress)(bytes, {
        params: { [constants.BROTLI_PARAM_QUALITY]: bytes.length > BIG ? 5 : 11 },
      }),
      promisify(gzip)(bytes, { level: bytes.length > BIG ? 6 : 9 }),
    ])
    if (br.length < bytes.length) await writeFile(`${path}.br`, br)
    if (gz.length < bytes.length) await writeFile(`${path}.gz`, gz)
  }
}
