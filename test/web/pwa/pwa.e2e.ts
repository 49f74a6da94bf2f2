import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from '@playwright/test'
import { expect, test } from '../fixtures/index.js'

const DIST = fileURLToPath(new URL('../../../apps/web/dist/', import.meta.url))

/** Until the service worker has the page and answers for it. */
async function kept(page: Page): Promise<void> {
  await page.waitForFunction(async () => {
    await navigator.serviceWorker.ready
    return navigator.serviceWorker.controller !== null
  })
}

test('a reload without network and server shows the page, isolated as before', async ({
  startBerth,
  open,
  page,
  complaints,
}) => {
  // The server is gone, and the page's host says so.
  complaints.allow(/Failed to load resource|ERR_CONNECTION_REFUSED/)
  const berth = await startBerth()
  await open('/#/settings', { berth })
  await kept(page)
  await berth.kill()
  await page.reload()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Settings')
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
  await expect(page.getByText('Processor cores')).toBeVisible()
})

test('what an API says is never kept', async ({ startBerth, open, page, complaints }) => {
  complaints.allow(/Failed to load resource|ERR_CONNECTION_REFUSED/)
  const berth = await startBerth()
  await open('/', { berth })
  await kept(page)
  const ask = () =>
    page.evaluate(async () => {
      const answers = ['/api/tags', '/v1/models', '/metrics', '/api/version'].map(async (path) => {
        const response = await fetch(path).catch(() => null)
        return response?.status ?? 'failed'
      })
      return await Promise.all(answers)
    })
  expect(await ask()).toEqual([200, 200, 200, 200])
  await berth.kill()
  expect(await ask()).toEqual(['failed', 'failed', 'failed', 'failed'])
  const paths = await page.evaluate(async () => {
    const opened = await Promise.all((await caches.keys()).map((name) => caches.open(name)))
    const requests = await Promise.all(opened.map((cache) => cache.keys()))
    return requests.flat().map(({ url }) => new URL(url).pathname)
  })
  expect(paths).toContain('/index.html')
  expect(paths.filter((path) => /^\/(api|v1|metrics|web-models)/.test(path))).toEqual([])
})

test('a library whose address says localhost is kept, by whoever it is fetched', async ({
  serve,
  folder,
  page,
  complaints,
}) => {
  complaints.allow(/Failed to load resource|ERR_CONNECTION_REFUSED|net::ERR/)
  const models = await folder()
  await writeFile(join(models, 'lib.wasm'), new Uint8Array([0, 97, 115, 109]))
  const server = await serve({ '/': DIST, '/web-models/': `${models}/` })
  const address = server.url.replace('127.0.0.1', 'localhost')
  await page.goto(`${address}/`)
  await kept(page)
  const load = () =>
    page.evaluate(async () => {
      const response = await fetch('/web-models/lib.wasm', { cache: 'no-store' }).catch(() => null)
      return response === null ? 'failed' : (await response.arrayBuffer()).byteLength
    })
  expect(await load()).toBe(4)
  // Built anew at the same address: the network comes first.
  await writeFile(join(models, 'lib.wasm'), new Uint8Array(8))
  expect(await load()).toBe(8)
  await server[Symbol.asyncDispose]()
  expect(await load()).toBe(8)
})

test('an update is offered, and taken when the user says so', async ({ serve, folder, page, complaints }) => {
  // There is only the page here, no server behind it.
  complaints.allow(/Failed to load resource/)
  const build = await folder()
  await cp(DIST, build, { recursive: true })
  const server = await serve({ '/': `${build}/` })
  await page.goto(server.url)
  await kept(page)
  await expect(page.locator('#app')).not.toBeEmpty()
  await expect(page.getByText('A new version of Berth is here.')).toBeHidden()

  const html = await readFile(join(build, 'index.html'), 'utf8')
  await writeFile(
    join(build, 'index.html'),
    html.replace('<html lang="en">', '<html lang="en" data-build="2">'),
  )
  const worker = await readFile(join(build, 'service-worker.js'), 'utf8')
  const changed = worker.replace(
    /"revision":"[0-9a-f]+","url":"\/index.html"/,
    '"revision":"2","url":"/index.html"',
  )
  expect(changed === worker).toBe(false)
  await writeFile(join(build, 'service-worker.js'), changed)
  await page.evaluate(async () => {
    await (await navigator.serviceWorker.ready).update()
  })
  const offer = page.getByRole('log', { name: 'Notices' })
  await expect(offer).toContainText('A new version of Berth is here.')
  // Offered only: the page that runs is the one that was.
  expect(await page.locator('html').getAttribute('data-build')).toBeNull()
  await offer.getByRole('button', { name: 'Update' }).click()
  await expect(page.locator('html')).toHaveAttribute('data-build', '2')
  await expect(page.getByText('A new version of Berth is here.')).toBeHidden()
})

test('it can be installed', async ({ open, page }) => {
  await open('/')
  await kept(page)
  const session = await page.context().newCDPSession(page)
  const manifest = await session.send('Page.getAppManifest')
  expect(manifest.errors).toEqual([])
  expect(JSON.parse(manifest.data ?? '')).toMatchObject({
    name: 'Berth',
    display: 'standalone',
    start_url: '/',
  })
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors')
  expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito')).toEqual([])
})
