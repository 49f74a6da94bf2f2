import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { expect, test } from '../fixtures/index.js'
import { watchScripts } from '../fixtures/scripts-loaded.js'

const DIST = new URL('../../../apps/web/dist/', import.meta.url)

/** The most JavaScript, gzipped, that has to come before somebody can write to a server's model. Bytes. */
const MOST = 150_000

/** What the page cannot do without: its own scripts with what they import, and its host's. */
async function neededScripts(): Promise<Map<string, number>> {
  const html = await readFile(new URL('index.html', DIST), 'utf8')
  const wanted = [...html.matchAll(/(?:src|href)="\/([^"]+\.js)"/g)].map(([, path]) => path ?? '')
  const sizes = new Map<string, number>()
  for (const path of wanted) {
    if (sizes.has(path)) continue
    const source = await readFile(new URL(path, DIST), 'utf8')
    sizes.set(path, gzipSync(source, { level: 9 }).length)
    // `import('…')` is for later, and has a bracket.
    for (const [, name] of source.matchAll(/(?:import|from)\s*["'`]\.\/([^"'`]+\.js)["'`]/g))
      wanted.push(`assets/${name ?? ''}`)
    for (const [, name] of source.matchAll(/new Worker\([^)]*?\/assets\/(worker-[\w-]+\.js)/g))
      wanted.push(`assets/${name ?? ''}`)
  }
  return sizes
}

test('little JavaScript is needed before one can write', async ({ open, page }) => {
  const needed = await neededScripts()
  const workers = [...needed.keys()].filter((path) => path.includes('worker-'))
  expect(workers, 'the host’s worker is among them').toHaveLength(1)
  const total = [...needed.values()].reduce((sum, bytes) => sum + bytes, 0)
  expect(total).toBeGreaterThan(50_000)
  expect(total).toBeLessThanOrEqual(MOST)

  // It is enough: with nothing else to be had, the conversation is there.
  const others: string[] = []
  await page.route('**/assets/*.js', async (route) => {
    const path = new URL(route.request().url()).pathname.slice(1)
    if (needed.has(path)) return await route.continue()
    others.push(path)
    return await new Promise<void>(() => undefined)
  })
  await open('/#/chat')
  await expect(page.getByRole('textbox', { name: /message/i })).toBeFocused()
})

test('what comes unasked after that, so that models are listed, is little too', async ({
  browser,
  berth,
}) => {
  // The service worker fetches everything a second time, for when the network is off.
  const context = await browser.newContext({ serviceWorkers: 'block' })
  const scripts = watchScripts(context)
  const page = await context.newPage()
  await page.goto(`${berth.url}/#/models`)
  await expect(page.getByText('This browser, WebGPU').first()).toBeVisible()
  const loaded = await scripts()
  const total = loaded.reduce((sum, { bytes }) => sum + bytes, 0)
  expect(total, loaded.map(({ path, bytes }) => `${path} ${bytes}`).join('\n')).toBeLessThanOrEqual(MOST)
  await context.close()
})
