import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser, type BrowserContext, type Page } from '@playwright/test'
import { Berth } from '../test/web/fixtures/berth.js'
import { bundlePage } from '../test/web/fixtures/bundle.js'
import { launchOptions } from '../test/web/fixtures/chromium.js'
import { watchScripts, type LoadedScript } from '../test/web/fixtures/scripts-loaded.js'
import type { Measure } from './measure.js'
import { median } from './serving/statistics.js'
import { framesWhile, type Frames } from './web/frames.js'
import type * as Lab from './web/lab.js'
import { MODEL, startTokenServer } from './web/token-server.js'

const LOADS = 5
const MESSAGES = 5_000
const OPENINGS = 5
const SCROLLED_PX = 12_000
const TOKENS_PER_SECOND = 200
const TOKENS = 1_600
const CONVERSATION = 'bench'
const LAB = fileURLToPath(new URL('web/lab.ts', import.meta.url))
const SIZE = { width: 1440, height: 900 }

/**
 * The page in Chromium, served by the real server: what its first load takes, how soon a long conversation is
 * open and how smoothly it scrolls, and the frames while an answer streams in. Every load is a browser profile's
 * first. The GPU is a software one, on the same cores as everything else.
 */
export async function run(): Promise<Measure[]> {
  await using berth = await Berth.start()
  const browser = await chromium.launch(launchOptions())
  try {
    return [
      ...(await firstLoads(browser, berth)),
      ...(await longConversation(browser, berth)),
      ...(await streaming(browser, berth)),
    ]
  } finally {
    await browser.close()
  }
}

async function firstLoads(browser: Browser, berth: Berth): Promise<Measure[]> {
  const loads = []
  for (let round = 0; round < LOADS; round += 1) loads.push(await firstLoad(browser, berth))
  const settings = { loads: LOADS, width: SIZE.width }
  return [
    {
      name: 'web/first-load',
      value: loads[0]?.pageBytes ?? NaN,
      unit: 'bytes',
      settings: { gzip: 9, of: 'page' },
    },
    {
      name: 'web/first-load',
      value: loads[0]?.allBytes ?? NaN,
      unit: 'bytes',
      settings: { gzip: 9, of: 'page and workers' },
    },
    { name: 'web/first-paint', value: median(loads.map(({ paintMs }) => paintMs)), unit: 'ms', settings },
    { name: 'web/interactive', value: median(loads.map(({ readyMs }) => readyMs)), unit: 'ms', settings },
  ]
}

interface FirstLoad {
  /** JavaScript until the page can be used, gzipped: the page's own, and with its workers'. */
  readonly pageBytes: number
  readonly allBytes: number
  /** Since the navigation began: the first contentful paint, and a message box that takes a message. */
  readonly paintMs: number
  readonly readyMs: number
}

async function firstLoad(browser: Browser, berth: Berth): Promise<FirstLoad> {
  const context = await newContext(browser)
  const page = await context.newPage()
  const scripts = watchScripts(context)
  const workers = new Set<string>()
  page.on('worker', (worker) => workers.add(new URL(worker.url()).pathname))
  await page.addInitScript(noteWhenReady)
  await page.goto(berth.url)
  const readyMs = await (
    await page.waitForFunction(() => Number(document.documentElement.dataset['benchReady'] ?? 0))
  ).jsonValue()
  const paintMs = await page.evaluate(
    () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
  )
  const loaded = await scripts()
  const pageBytes = total(loaded.filter(({ path }) => !workers.has(path)))
  const allBytes = total(loaded)
  await context.close()
  return { pageBytes, allBytes, paintMs, readyMs }
}

const total = (scripts: readonly LoadedScript[]): number => scripts.reduce((sum, { bytes }) => sum + bytes, 0)

/** Runs in the page before anything else: leaves the moment at which there is a message box and the thread is free. */
function noteWhenReady(): void {
  const look = (): void => {
    const box = document.querySelector('textarea')
    if (box === null || box.disabled) {
      requestAnimationFrame(look)
      return
    }
    setTimeout(() => {
      document.documentElement.dataset['benchReady'] = String(performance.now())
    })
  }
  requestAnimationFrame(look)
}

async function longConversation(browser: Browser, berth: Berth): Promise<Measure[]> {
  const context = await newContext(browser)
  await inLab(context, berth, (lab) =>
    lab.evaluate((module, [id, count]) => module.storeConversation(id, count), [
      CONVERSATION,
      MESSAGES,
    ] as const),
  )
  const openings: number[] = []
  const scrolls: Frames[] = []
  for (let round = 0; round < OPENINGS; round += 1) {
    const page = await context.newPage()
    await page.goto(berth.url)
    await page.locator('textarea').waitFor()
    openings.push(await page.evaluate(openConversation, { id: CONVERSATION, last: `Message ${MESSAGES}.` }))
    scrolls.push(await framesWhile(page, () => scroll(page)))
    await page.close()
  }
  await context.close()
  const settings = { messages: MESSAGES, openings: OPENINGS }
  return [
    { name: 'web/open-conversation', value: median(openings), unit: 'ms', settings },
    ...frameMeasures('web/scroll', scrolls, { ...settings, px: SCROLLED_PX }),
  ]
}

/** Runs in the page: milliseconds from asking for a conversation to its last message on the screen. */
async function openConversation({ id, last }: { id: string; last: string }): Promise<number> {
  const begun = performance.now()
  location.hash = `#/chat/${id}`
  // Here, for the page gets no more than this function.
  // oxlint-disable-next-line unicorn/consistent-function-scoping
  const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve))
  for (;;) {
    await frame()
    const messages = document.querySelectorAll('.message')
    const end = messages[messages.length - 1]
    if (end?.textContent.includes(last) !== true) continue
    const { top, bottom } = end.getBoundingClientRect()
    // The frame after the one that has it is drawn when it is on the screen.
    if (bottom > 0 && top < innerHeight) return (await frame()) - begun
  }
}

async function scroll(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('Input.synthesizeScrollGesture', {
    x: SIZE.width / 2,
    y: SIZE.height / 2,
    yDistance: SCROLLED_PX,
    speed: 4_000,
    gestureSourceType: 'mouse',
  })
}

async function streaming(browser: Browser, berth: Berth): Promise<Measure[]> {
  await using server = await startTokenServer(TOKENS, TOKENS_PER_SECOND)
  const context = await newContext(browser)
  await inLab(context, berth, (lab) =>
    lab.evaluate((module, [id, address, model]) => module.storeServer(id, address, model), [
      CONVERSATION,
      server.url,
      MODEL,
    ] as const),
  )
  const page = await context.newPage()
  await page.goto(`${berth.url}/#/chat/${CONVERSATION}`)
  const stop = page.getByRole('button', { name: /^Stop/ })
  await page.locator('textarea').fill('Tell me of the harbour.')
  await page.getByText('bench').first().waitFor()
  await page.locator('textarea').press('Enter')
  await page.locator('.message').getByText('quay').first().waitFor()
  const begun = performance.now()
  const frames = await framesWhile(page, () => stop.waitFor({ state: 'hidden', timeout: 120_000 }))
  const seconds = (performance.now() - begun) / 1_000
  await context.close()
  const settings = { tokensPerSecond: TOKENS_PER_SECOND, tokens: TOKENS }
  return [
    ...frameMeasures('web/stream', [frames], settings),
    // What is late has piled up somewhere: this is the rate at which it came onto the screen.
    { name: 'web/stream-rate', value: TOKENS / seconds, unit: 'tokens/s', settings },
  ]
}

function frameMeasures(name: string, all: readonly Frames[], settings: Measure['settings']): Measure[] {
  return [
    { name: `${name}-frames`, value: median(all.map((each) => each.perSecond)), unit: 'frames/s', settings },
    { name: `${name}-frame-p95`, value: median(all.map((each) => each.p95Ms)), unit: 'ms', settings },
  ]
}

/** A new profile; without the service worker, which would fetch the page's files a second time meanwhile. */
async function newContext(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: SIZE, serviceWorkers: 'block' })
  // tsx has a function of its own around every named one, in those too that are sent into the page.
  await context.addInitScript({ content: 'globalThis.__name = (named) => named' })
  return context
}

/** Opens the lab at the page's own origin, whose storage it shares. */
async function inLab(
  context: BrowserContext,
  berth: Berth,
  use: (lab: Awaited<ReturnType<typeof labOf>>) => Promise<unknown>,
): Promise<void> {
  await using bundle = await bundlePage(LAB)
  const prefix = `${berth.url}/bench-lab/`
  await context.route(`${prefix}**`, (route) =>
    route.fulfill({ path: join(bundle.folder, route.request().url().slice(prefix.length) || 'index.html') }),
  )
  const page = await context.newPage()
  await page.goto(prefix)
  await use(await labOf(page))
  await page.close()
}

async function labOf(page: Page) {
  return await page.waitForFunction((): typeof Lab => Reflect.get(globalThis, 'lab'))
}
