import type { Page } from '@playwright/test'
import { percentile } from '../serving/statistics.js'

/** The frames that a page drew over a time. */
export interface Frames {
  readonly perSecond: number
  /** 95 of 100 frames came sooner after the one before. Milliseconds. */
  readonly p95Ms: number
}

/** Counts the page's frames while something happens in it. */
export async function framesWhile(page: Page, happens: () => Promise<unknown>): Promise<Frames> {
  const counter = await page.evaluateHandle(() => {
    const at: number[] = []
    let going = true
    const next = (time: number): void => {
      at.push(time)
      if (going) requestAnimationFrame(next)
    }
    requestAnimationFrame(next)
    return {
      stop: (): number[] => {
        going = false
        return at
      },
    }
  })
  await happens()
  const at = await counter.evaluate((frames) => frames.stop())
  const gaps = at.slice(1).map((time, index) => time - (at[index] ?? time))
  const total = (at.at(-1) ?? 0) - (at[0] ?? 0)
  return { perSecond: (gaps.length * 1_000) / total, p95Ms: percentile(gaps, 0.95) }
}
