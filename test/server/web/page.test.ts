import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ApiKeys } from '../../../apps/server/src/access/index.js'
import { PageFolder } from '../../../apps/server/src/web/index.js'
import { harness, type HarnessOptions } from '../http/harness.js'

const HTML = '<!doctype html><title>Berth</title>'
const SCRIPT = `console.log(${JSON.stringify('a'.repeat(5_000))})`
const POLICY = "default-src 'none'; script-src 'self'"
const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }

async function folderWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-page-'))
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }))
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  return folder
}

const BUILT = {
  'index.html': HTML,
  'assets/main-abc.js': SCRIPT,
  'assets/main-abc.js.br': brotliCompressSync(SCRIPT),
  'assets/main-abc.js.gz': gzipSync(SCRIPT),
  'assets/engine-def.wasm': new Uint8Array([0, 97, 115, 109]),
  'service-worker.js': 'self',
  'manifest.webmanifest': '{}',
  'icon.svg': '<svg/>',
  'types/main.d.ts': 'export {}',
  'types/main.js': 'export {}',
  '.built-from': 'abc',
  'headers.json': JSON.stringify({
    'Content-Security-Policy': POLICY,
    'Cross-Origin-Embedder-Policy': 'require-corp',
  }),
}

async function served(options: HarnessOptions = {}, files: Record<string, string | Uint8Array> = BUILT) {
  const folder = await folderWith(files)
  const page = new PageFolder(folder)
  page.refresh()
  const { app } = harness({ ...options, page })
  const get = async (path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') =>
    await app.request(path, { method, headers })
  return { get, folder, app }
}

describe('the page', () => {
  it('is what a browser gets from /', async () => {
    const { get } = await served()
    const response = await get('/', BROWSER)
    expect(response.status).toBe(200)
    expect(await response.text()).toBe(HTML)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-cache')
    expect(response.headers.get('vary')).toContain('Accept')
    const head = await get('/', BROWSER, 'HEAD')
    expect(head.status).toBe(200)
    expect(head.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(await head.text()).toBe('')
  })

  it.each([undefined, '*/*', 'application/json', 'text/html;q=0, */*'])(
    'is not what a client gets that accepts %s',
    async (accept) => {
      const { get } = await served()
      const headers = accept === undefined ? {} : { accept }
      const response = await get('/', headers)
      expect(await response.text()).toMatch(/^Berth is running\n/)
      expect(response.headers.get('vary')).toContain('Accept')
      expect((await get('/', headers, 'HEAD')).headers.get('content-type')).toMatch(/^text\/plain/)
    },
  )

  it('comes with the headers that its build asks for, each of its files', async () => {
    const { get } = await served()
    for (const path of ['/', '/assets/main-abc.js', '/service-worker.js', '/icon.svg']) {
      const { headers } = await get(path, BROWSER)
      expect(headers.get('content-security-policy')).toBe(POLICY)
      expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp')
    }
    expect((await get('/api/version')).headers.get('content-security-policy')).toBeNull()
  })

  it.each([
    ['/index.html', 'text/html; charset=utf-8', 'no-cache'],
    ['/service-worker.js', 'text/javascript; charset=utf-8', 'no-cache'],
    ['/manifest.webmanifest', 'application/manifest+json', 'no-cache'],
    ['/icon.svg', 'image/svg+xml', 'no-cache'],
    ['/assets/main-abc.js', 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable'],
    ['/assets/engine-def.wasm', 'application/wasm', 'public, max-age=31536000, immutable'],
  ])('sends %s as %s, to be kept: %s', async (path, type, caching) => {
    const { get } = await served()
    const { status, headers } = await get(path)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe(type)
    expect(headers.get('cache-control')).toBe(caching)
  })

  it.each([
    ['br, gzip', 'br', brotliDecompressSync],
    ['gzip', 'gzip', gunzipSync],
    ['*', 'br', brotliDecompressSync],
    ['br;q=0, gzip', 'gzip', gunzipSync],
  ])('is sent compressed to who accepts %s', async (accepted, encoding, decompress) => {
    const { get } = await served()
    const response = await get('/assets/main-abc.js', { 'accept-encoding': accepted })
    expect(response.headers.get('content-encoding')).toBe(encoding)
    expect(response.headers.get('vary')).toContain('Accept-Encoding')
    expect(decompress(await response.arrayBuffer()).toString()).toBe(SCRIPT)
  })

  it('is sent as it is to who accepts nothing else, and where there is nothing else', async () => {
    const { get } = await served()
    for (const [path, accepted] of [
      ['/assets/main-abc.js', 'identity'],
      ['/assets/main-abc.js', '*;q=0'],
      ['/icon.svg', 'br'],
    ] as const) {
      const response = await get(path, { 'accept-encoding': accepted })
      expect(response.headers.get('content-encoding')).toBeNull()
    }
  })

  it('is not sent again to who has it', async () => {
    const { get } = await served()
    const tag = (await get('/', BROWSER)).headers.get('etag') ?? ''
    expect(tag).toMatch(/^W\/".+"$/)
    const again = await get('/', { ...BROWSER, 'if-none-match': `"other", ${tag}` })
    expect(again.status).toBe(304)
    expect(await again.text()).toBe('')
    expect(again.headers.get('content-security-policy')).toBe(POLICY)
    expect((await get('/', { ...BROWSER, 'if-none-match': '"other"' })).status).toBe(200)
  })

  it.each([
    '/headers.json',
    '/.built-from',
    '/types/main.d.ts',
    '/types/main.js',
    '/assets/main-abc.js.br',
    '/assets/gone-123.js',
    '/assets/..%2findex.html',
    '/assets/%2e%2e/%2e%2e/package.json',
    '//etc/passwd',
  ])('has no %s', async (path) => {
    const { get } = await served()
    expect((await get(path)).status).toBe(404)
  })

  it('is taken only, not written to', async () => {
    const { get } = await served()
    expect((await get('/index.html', {}, 'POST')).status).toBe(404)
  })

  it('is seen by who has no key, unlike the models', async () => {
    const keys = ApiKeys.parse(`someone admin sha256:${'0'.repeat(64)}`)
    const { get } = await served({ access: { keys } })
    expect((await get('/', BROWSER)).status).toBe(200)
    expect((await get('/assets/main-abc.js')).status).toBe(200)
    expect((await get('/api/tags')).status).toBe(401)
  })

  it.each(['/assets/main-new.js', '/'])(
    'that is built anew is seen with %s, without a restart',
    async (first) => {
      const { get, folder } = await served()
      await writeFile(join(folder, 'index.html'), 'new')
      await writeFile(join(folder, 'assets/main-new.js'), 'new')
      await rm(join(folder, 'assets/main-abc.js'))
      await rm(join(folder, 'headers.json'))
      await writeFile(join(folder, 'headers.json'), '{"X-New": "yes"}')
      expect((await get(first, BROWSER)).status).toBe(200)
      const response = await get('/', BROWSER)
      expect(await response.text()).toBe('new')
      expect(response.headers.get('x-new')).toBe('yes')
      expect((await get('/assets/main-new.js')).status).toBe(200)
      expect((await get('/assets/main-abc.js')).status).toBe(404)
    },
  )

  it('that is not built says how to build it, and the rest works', async () => {
    const { 'headers.json': _, ...unfinished } = BUILT
    const { get } = await served({}, unfinished)
    const response = await get('/', BROWSER)
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('npm run build')
    expect((await get('/assets/main-abc.js')).status).toBe(404)
    expect(await (await get('/')).text()).toMatch(/^Berth is running\n/)
    expect((await get('/api/version')).status).toBe(200)
  })
})
