import { fileURLToPath } from 'node:url'
import type { Page } from '@playwright/test'
import { randomGguf, smollm2 } from '../../models/index.js'
import { expect, test } from '../fixtures/index.js'

const FOLDER = fileURLToPath(new URL('../../../docs/images/', import.meta.url))

const SIZES = [
  { name: 'wide', width: 1440, height: 900 },
  { name: 'narrow', width: 360, height: 740 },
] as const

/** The page in both themes and widths, as it is at this moment. */
async function shoot(page: Page, name: string): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    for (const size of SIZES) {
      await page.setViewportSize(size)
      await page.screenshot({
        path: `${FOLDER}${name}-${size.name}-${theme}.png`,
        animations: 'disabled',
        caret: 'hide',
      })
    }
  }
  await page.setViewportSize(SIZES[0])
}

test('the chat, with an answer of the server’s model', async ({ open, page }) => {
  await page.setViewportSize(SIZES[0])
  await open('/')
  // The same answers every time.
  await page.getByRole('button', { name: 'Settings of this conversation' }).click()
  await page.getByRole('textbox', { name: 'System prompt' }).fill('You are a helpful assistant.')
  await page.getByRole('textbox', { name: 'Temperature' }).fill('0')
  await page.getByRole('button', { name: 'Close' }).click()
  const message = page.getByRole('textbox', { name: 'Message', exact: true })
  for (const question of [
    'What is the capital of France?',
    'Write a short Python function that adds two numbers.',
  ]) {
    await message.fill(question)
    await message.press('Enter')
    await expect(page.getByRole('button', { name: /^Stop/ })).toBeVisible()
    await expect(page.getByRole('button', { name: /^Stop/ })).toBeHidden({ timeout: 180_000 })
  }
  await page.mouse.move(0, 0)
  await shoot(page, 'chat')
})

test('the models', async ({ open, page }) => {
  await page.setViewportSize(SIZES[0])
  await open('/#/models')
  await expect(page.getByText('This browser, llama.cpp').first()).toBeVisible()
  await expect(page.getByText('This browser, WebGPU').first()).toBeVisible()
  await shoot(page, 'models')
})

test('the activity of a server that has more to do than slots', async ({ startBerth, open, page }) => {
  const files = { 'smollm2.gguf': await smollm2(), 'tiny.gguf': await randomGguf({ seed: 3 }) }
  const berth = await startBerth({ files, env: { OLLAMA_NUM_PARALLEL: '1' } })
  await page.setViewportSize(SIZES[0])
  await open('/#/activity', { berth })
  await page.getByLabel('Whose activity').selectOption('This server')
  const ending = new AbortController()
  const ask = async (model: string, tokens: number): Promise<void> => {
    const options = { num_predict: tokens, temperature: 0 }
    const body = JSON.stringify({ model, prompt: 'Count upwards from one.', options })
    const response = await fetch(`${berth.url}/api/generate`, { method: 'POST', body, signal: ending.signal })
    await response.text()
  }
  for (const tokens of [40, 16, 80]) {
    await ask('smollm2', tokens)
    await ask('tiny', tokens)
  }
  const rest = [3_000, 10, 10].map((tokens) => ask('smollm2', tokens).catch(() => undefined))
  await expect(page.getByRole('region', { name: /^Queue/ }).getByRole('row')).toHaveCount(3)
  await expect(page.getByText(/^answers: \d\d/)).toBeVisible()
  await page.mouse.move(0, 0)
  await shoot(page, 'activity')
  await page.getByRole('heading', { name: 'Timeline' }).scrollIntoViewIfNeeded()
  await page.getByRole('region', { name: 'The last hour' }).scrollIntoViewIfNeeded()
  await shoot(page, 'activity-timeline')
  await page.close()
  ending.abort()
  await Promise.all(rest)
})

test('the planner: what fits', async ({ open, page }) => {
  await page.setViewportSize(SIZES[0])
  await open('/#/planner?v=1&m=known:llama-3-8b&m=known:qwen3-14b&m=known:llama-3-70b&ctx=8192&on=own:12/32')
  await expect(page.getByRole('heading', { name: 'Qwen3-14B' })).toBeVisible()
  await page.mouse.move(0, 0)
  await shoot(page, 'planner')
})

test('the planner: what if', async ({ open, page }) => {
  await page.setViewportSize(SIZES[0])
  await open(
    '/#/planner?v=1&tab=what-if&example=two-models-8gb&p=fair,lru,preempt&p=fifo,cost,preempt&step=3',
  )
  await expect(page.getByText('Decided now')).toHaveCount(2)
  await page.getByRole('region', { name: 'Decisions' }).scrollIntoViewIfNeeded()
  await page.locator('.shell-scroll').evaluate((scroll) => scroll.scrollTo(0, 260))
  await page.mouse.move(0, 0)
  await shoot(page, 'planner-what-if')
})
