import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'

/** Encodings that the build makes beside a file, the best first: `main.js.br` beside `main.js`. */
const ENCODINGS = [
  { name: 'br', suffix: '.br' },
  { name: 'gzip', suffix: '.gz' },
] as const

export type Encoding = (typeof ENCODINGS)[number]['name']

/** One file of the page. */
export interface PageFile {
  readonly path: string
  readonly type: string
  /** Changes when the file does; the same for all encodings. */
  readonly etag: string
  /** Files with the same content, compressed; the best first. */
  readonly encoded: readonly { readonly encoding: Encoding; readonly path: string }[]
  /** Whether its name changes with its content, so that it may be kept for ever. */
  readonly immutable: boolean
}

/** The files of one build. */
export interface PageFiles {
  /** By the path of their address; `/` is the page itself. */
  readonly files: ReadonlyMap<string, PageFile>
  /** What every one of them is sent with. */
  readonly headers: Readonly<Record<string, string>>
}

/** Files whose names change with their content. */
const ASSETS = '/assets/'

/** Made by the build for whoever serves the page: the headers without which it is not safe, or not isolated. */
const HEADERS = 'headers.json'

/**
 * A built page on disk. Its files are known beforehand, so that no request's path is ever used as a file's,
 * and a request for something else costs a look into a map. A new build is seen at the next request for the page.
 */
export class PageFolder {
  readonly #folder: string
  #builtAt = 0
  #files: PageFiles | null = null

  constructor(folder: string) {
    this.#folder = folder
  }

  /** The file at an address and what to send it with; null for what is not of the page. */
  find(path: string): { readonly file: PageFile; readonly headers: PageFiles['headers'] } | null {
    if (path !== '/' && !path.startsWith(ASSETS) && this.#files?.files.has(path) !== true) return null
    const page = this.refresh()
    const file = page?.files.get(path)
    return page === null || file === undefined ? null : { file, headers: page.headers }
  }

  /** Reads the folder where there is a new build; returns what there is now. */
  refresh(): PageFiles | null {
    try {
      // Written last: before it the build is not complete.
      const builtAt = statSync(join(this.#folder, HEADERS)).mtimeMs
      if (builtAt === this.#builtAt) return this.#files
      this.#files = readFolder(this.#folder)
      this.#builtAt = builtAt
    } catch (error) {
      if (!isMissing(error)) throw error
      this.#files = null
      this.#builtAt = 0
    }
    return this.#files
  }
}

function readFolder(folder: string): PageFiles {
  const sizes = new Map<string, { readonly size: number; readonly mtimeMs: number }>()
  const collect = (below: string): void => {
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      const path = `${below}/${entry.name}`
      if (entry.isDirectory()) {
        if (path !== TYPE_CHECKER) collect(path)
      } else if (entry.isFile()) sizes.set(path, statSync(join(folder, path)))
    }
  }
  collect('')
  const files = new Map<string, PageFile>()
  for (const [path, { size, mtimeMs }] of sizes) {
    const type = TYPES[extname(path)]
    if (type === undefined || path === `/${HEADERS}`) continue
    const immutable = path.startsWith(ASSETS)
    const file: PageFile = {
      path: join(folder, path),
      type,
      // Weak: an encoding of a file is not the same bytes.
      etag: `W/"${immutable ? `${size.toString(36)}-${Math.trunc(mtimeMs).toString(36)}` : contentHash(join(folder, path))}"`,
      encoded: ENCODINGS.flatMap(({ name, suffix }) =>
        sizes.has(path + suffix) ? [{ encoding: name, path: join(folder, path + suffix) }] : [],
      ),
      immutable,
    }
    files.set(path, file)
    if (path === '/index.html') files.set('/', file)
  }
  return { files, headers: readHeaders(join(folder, HEADERS)) }
}

/** Of the few files whose names stay: npm's packages give all files of all versions the same time. */
function contentHash(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('base64url').slice(0, 22)
}

/** Where the type checker of this repository keeps what it makes. */
const TYPE_CHECKER = '/types'

/** What a page consists of; anything else is not sent. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
}

function readHeaders(path: string): Readonly<Record<string, string>> {
  const headers: unknown = JSON.parse(readFileSync(path, 'utf8'))
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers))
    throw new TypeError(`${path}: is no object of headers`)
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]: [string, unknown]) => {
      if (typeof value !== 'string') throw new TypeError(`${path}: ${name}: is no text`)
      return [name, value]
    }),
  )
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
