import type { IncomingMessage, ServerResponse } from 'node:http'
import type { JSHandle, Page } from '@playwright/test'
import { randomGguf } from '../../models/index.js'
import { expect, overrideQuota, test } from '../fixtures/index.js'
import type { FileServer } from '../fixtures/index.js'
import type * as Module from '../host/lab.js'

const LAB = new URL('../host/lab.ts', import.meta.url)

type Lab = JSHandle<typeof Module>

/** About 80 MB: three of the pieces in which a GGUF is kept. */
const LARGE = { vocab: 8_192, embedding: 1_024, ffn: 2_816, layers: 2, type: 'F32', seed: 5 } as const

async function labOf(page: Page): Promise<Lab> {
  const lab = await page.waitForFunction(() => Reflect.get(globalThis, 'lab'))
  // Playwright takes a module for no plain value.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return lab as unknown as Lab
}

async function offer(lab: Lab, server: FileServer, names: readonly string[]): Promise<string[]> {
  const addresses = names.map((name) => `${server.url}/${name}.gguf`)
  await lab.evaluate((module, modelAddresses) => module.set({ modelAddresses }), addresses)
  return addresses.map((address) => `gguf/${address}`)
}

/** Sends the second half of a file's pieces only when the test lets it. */
class Gate {
  open = false
  readonly #held: (() => void)[] = []

  constructor(server: FileServer, path: string, from: number) {
    server.intercept = (request: IncomingMessage, response: ServerResponse) => {
      const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
      if (this.open || request.url !== path || start < from) return false
      // Never answered, until whoever asks leaves.
      this.#held.push(() => response.destroy())
      return true
    }
  }

  get held(): number {
    return this.#held.length
  }

  letGo(): void {
    this.open = true
    for (const end of this.#held.splice(0)) end()
  }
}

test('a download is paused, goes on after a reload where it stopped, and can be cancelled', async ({
  openLab,
  complaints,
}) => {
  complaints.allow(/Failed to load resource|ERR_/)
  const { page, lab, server } = await openLab<typeof Module>(LAB, {
    files: { '/large.gguf': await randomGguf(LARGE) },
  })
  const gate = new Gate(server, '/large.gguf', 32 * 2 ** 20)
  const [model = ''] = await offer(lab, server, ['large'])
  expect(await lab.evaluate((module, id) => module.call('download', id), model)).toBe('done')
  await expect.poll(() => gate.held).toBe(1)
  await lab.evaluate((module, id) => module.call('pauseDownload', id), model)
  await expect
    .poll(() => lab.evaluate((module) => module.downloads()))
    .toMatchObject([{ model, state: 'paused', loadedBytes: 32 * 2 ** 20 }])

  await page.reload()
  const again = await labOf(page)
  await expect
    .poll(() => again.evaluate((module) => module.downloads()))
    .toMatchObject([{ model, state: 'paused', loadedBytes: 32 * 2 ** 20 }])
  const before = server.requests.length
  gate.letGo()
  await again.evaluate((module, id) => module.call('download', id), model)
  await expect.poll(() => again.evaluate((module, id) => module.card(id)?.stored.state, model)).toBe('stored')
  expect(await again.evaluate((module) => module.downloads())).toEqual([])
  const asked = server.requests.slice(before).filter((request) => request.includes('bytes='))
  expect(asked.length).toBeGreaterThan(0)
  expect(
    asked.filter((request) => / bytes=(\d{1,7})-\d+/.test(request) && !request.endsWith('bytes=0-0')),
  ).toEqual([])

  expect(await again.evaluate((module, id) => module.call('deleteModel', id), model)).toBe('done')
  await expect.poll(() => again.evaluate((module, id) => module.card(id)?.stored.state, model)).toBe('absent')
})

test('a full disk keeps what is there, and says what to delete', async ({
  openLab,
  openBrowser,
  folder,
  complaints,
}) => {
  complaints.allow(/Failed to load resource|ERR_/)
  const profile = await folder()
  const browser = await openBrowser(profile)
  const { lab: first, server } = await openLab<typeof Module>(LAB, {
    files: { '/small.gguf': await randomGguf({ seed: 6 }), '/large.gguf': await randomGguf(LARGE) },
    context: browser.context,
  })
  const [small = '', large = ''] = await offer(first, server, ['small', 'large'])
  await first.evaluate((module, id) => module.call('download', id), small)
  await expect.poll(() => first.evaluate((module, id) => module.card(id)?.stored.state, small)).toBe('stored')
  await browser.close()

  // A database that is open goes by the room that it was told of before: a new browser has none open.
  const page = await (await openBrowser(profile)).context.newPage()
  await page.goto(`${server.url}/nothing`)
  await overrideQuota(page, 20e6)
  await page.goto(server.url)
  const lab = await labOf(page)
  await expect.poll(() => lab.evaluate((module, id) => module.card(id)?.stored.state, large)).toBe('absent')
  await lab.evaluate((module, id) => module.call('download', id), large)
  await expect.poll(() => lab.evaluate((module) => module.downloads()[0]?.state)).toBe('failed')
  const [failed] = await lab.evaluate((module) => module.downloads())
  expect(failed?.error).toContain('The browser gives this page no more room on the disk')
  expect(failed?.error).toContain('What was fetched is kept')
  expect(failed?.loadedBytes).toBeGreaterThan(4e6)
  expect(await lab.evaluate((module, id) => module.card(id)?.stored.state, small)).toBe('stored')

  await overrideQuota(page, 1e9)
  const before = server.requests.length
  await lab.evaluate((module, id) => module.call('download', id), large)
  await expect.poll(() => lab.evaluate((module, id) => module.card(id)?.stored.state, large)).toBe('stored')
  const [asked] = server.requests.slice(before).filter((request) => request.includes('bytes='))
  expect(asked).toContain(`bytes=${failed?.loadedBytes}-`)
})
