import { fileURLToPath } from 'node:url'
import { chromium, type Page } from '@playwright/test'
import { bundlePage } from '../test/web/fixtures/bundle.js'
import { launchOptions } from '../test/web/fixtures/chromium.js'
import { serveFiles } from '../test/web/fixtures/file-server.js'
import type { Measure } from './measure.js'
import { framesWhile } from './web/frames.js'
import type * as Lab from './web/lab-activity.js'

const LAB = fileURLToPath(new URL('web/lab-activity.ts', import.meta.url))
const RUNNERS = 50
const MS = 10_000
const SIZE = { width: 1440, height: 900 }

/**
 * The activity page in Chromium while a scheduler with fifty runners tells a thousand events a second: its frames,
 * beside those of the same page when nothing happens, which is what this machine's browser can do.
 */
export async function run(): Promise<Measure[]> {
  await using bundle = await bundlePage(LAB)
  await using server = await serveFiles({ '/': `${bundle.folder}/` })
  const browser = await chromium.launch(launchOptions())
  try {
    const measures: Measure[] = []
    for (const eventsPerSecond of [0, 1_000]) {
      for (const at of ['top', 'timeline'] as const) {
        const page = await browser.newPage({ viewport: SIZE })
        // tsx has a function of its own around every named one, in those too that are sent into the page.
        await page.addInitScript({ content: 'globalThis.__name = (named) => named' })
        await page.goto(server.url)
        measures.push(...(await frames(page, eventsPerSecond, at)))
        await page.close()
      }
    }
    return measures
  } finally {
    await browser.close()
  }
}

/** @param at which part of the page is in sight: the runners' cards, or the timeline. */
async function frames(page: Page, eventsPerSecond: number, at: 'top' | 'timeline'): Promise<Measure[]> {
  const lab = await page.waitForFunction((): typeof Lab => Reflect.get(globalThis, 'lab'))
  await lab.evaluate((module, runners) => module.start(runners), RUNNERS)
  const timeline = page.getByRole('application', { name: /^Timeline/ })
  await timeline.waitFor()
  await page
    .locator('.runner')
    .nth(RUNNERS - 1)
    .waitFor({ state: 'attached' })
  if (at === 'timeline') await timeline.scrollIntoViewIfNeeded()
  // Some seconds of the past, as there is in use.
  if (eventsPerSecond > 0) await lab.evaluate((module) => module.happen(20_000, 2_000))
  const busy = await threadTime(page)
  const drawn = await framesWhile(page, () =>
    lab.evaluate((module, [rate, ms]) => module.happen(rate, ms), [eventsPerSecond, MS] as const),
  )
  const perSecond = (await busy()) / (MS / 1_000)
  const settings = { runners: RUNNERS, eventsPerSecond, at, width: SIZE.width }
  return [
    { name: 'activity/frames', value: drawn.perSecond, unit: 'frames/s', settings },
    { name: 'activity/frame-p95', value: drawn.p95Ms, unit: 'ms', settings },
    // Of the processor's, whatever else the machine does: a second of it has no room for sixty frames.
    { name: 'activity/main-thread', value: perSecond, unit: 'ms/s', settings },
  ]
}

/** Begins to measure what the page's main thread takes of a core; gives milliseconds when asked. */
async function threadTime(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  const read = async (): Promise<number> => {
    const { metrics } = await session.send('Performance.getMetrics')
    return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? NaN) * 1_000
  }
  const before = await read()
  return async () => (await read()) - before
}
