import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { randomGguf } from '../../models/index.js'
import { expect, test } from '../fixtures/index.js'
import { violations } from '../shell/axe.js'
import { ScriptedServer } from '../tabs/scripted-server.js'
import type * as Module from './lab.js'

const LAB = new URL('lab.tsx', import.meta.url)

const region = (page: Page, name: string | RegExp) => page.getByRole('region', { name })

const hash = (key: string): string => createHash('sha256').update(key).digest('hex')

/** What the timeline has, the newest first, as its list tells it. */
async function timelineOf(page: Page): Promise<readonly string[]> {
  const told = await region(page, 'Timeline').getByRole('listitem').getByRole('button').allTextContents()
  return told.map((text) => /: (reading a prompt|\w+)/.exec(text)?.[1] ?? text)
}

/** Presses what asks first, and says yes. */
async function act(page: Page, button: string | RegExp, yes: string): Promise<void> {
  await page.getByRole('button', { name: button }).click()
  await page.getByRole('dialog').getByRole('button', { name: yes, exact: true }).click()
  await expect(page.getByRole('dialog')).toBeHidden()
}

test('a model of this browser’s own: every state is seen, in order and with its reason', async ({
  openLab,
  complaints,
}) => {
  complaints.allow(/api\/tags|web-models|Failed to load resource/)
  const files = { '/a.gguf': await randomGguf({ seed: 1 }) }
  const { page, lab, server } = await openLab<typeof Module>(LAB, { files })
  await lab.evaluate((module, url) => module.set({ modelAddresses: [`${url}/a.gguf`] }), server.url)
  await lab.evaluate((module) => module.showActivity())
  await expect(region(page, /^In memory/)).toContainText('No model is loaded.')
  await page.getByText('The same as a list').click()

  const card = (): Promise<string> => lab.evaluate((module) => module.card('/a.gguf')?.id ?? '')
  await expect.poll(card).not.toBe('')
  const model = await card()
  await lab.evaluate((module, id) => module.ask('first', id, 'Hello', { maxTokens: 8 }), model)
  await expect(page.getByRole('img', { name: 'State: ready' })).toBeVisible()
  await expect
    .poll(() => timelineOf(page))
    .toEqual(['idle', 'answering', 'reading a prompt', 'idle', 'loading'])

  // What a segment says of itself, by the list and by the keyboard.
  const timeline = region(page, 'Timeline')
  await timeline.getByRole('button', { name: /: loading/ }).click()
  await expect(timeline.getByRole('heading', { level: 3 })).toContainText('Loading: a')
  await expect(timeline).toContainText('Why it was loaded')
  await page.getByRole('application').press('Enter')
  await page.getByRole('application').press('.')
  await page.getByRole('application').press('.')
  await expect(timeline.getByRole('heading', { level: 3 })).toContainText('Reading a prompt: a')
  await expect(page.getByRole('button', { name: 'Pause' })).toHaveAttribute('aria-pressed', 'false')
  await page.getByRole('application').press(' ')
  await expect(page.getByRole('button', { name: 'Follow' })).toHaveAttribute('aria-pressed', 'true')

  await act(page, /^Keep /, 'Keep')
  await expect(page.getByText('pinned')).toBeVisible()
  await act(page, /^Unload /, 'Unload')
  await expect(region(page, /^In memory/)).toContainText('No model is loaded.')
  await expect.poll(async () => (await timelineOf(page))[0]).toBe('unloading')
  await expect(page.getByRole('meter', { name: /^RAM/ })).toHaveAttribute('aria-valuetext', /^0 B of /)
})

test('while all slots are taken the queue tells who waits and why; requests are raised and cancelled', async ({
  openLab,
}) => {
  const scripts: ScriptedServer[] = []
  const { page, lab } = await openLab<typeof Module>(LAB, {
    prepare: (server) => void scripts.push(new ScriptedServer(server)),
  })
  const [scripted] = scripts
  const modelId = (): Promise<string> => lab.evaluate((module) => module.modelId('server') ?? '')
  await expect.poll(modelId).not.toBe('')
  const model = await modelId()
  await lab.evaluate((module) => module.showActivity())
  // As many as a server is given at a time, and two more.
  for (const id of ['1', '2', '3', '4', '5', '6'])
    await lab.evaluate((module, [name, to]) => module.ask(name, to, 'Who waits?'), [id, model] as const)
  const rows = region(page, /^Queue/)
    .getByRole('row')
    .filter({ has: page.getByRole('cell') })
  await expect(rows).toHaveCount(2)
  await expect(page.getByRole('list', { name: 'Slots' }).locator('.slot-taken')).toHaveCount(4)
  await expect(page.getByRole('img', { name: 'State: busy' })).toBeVisible()
  const first = rows.first()
  await expect(first.getByRole('cell').first()).toHaveText('1')
  await expect(first).toContainText('scripted')
  await expect(first).toContainText('interactive')
  await expect(first).toContainText(/slot/)

  await first.getByRole('button', { name: /^Lower request / }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Lower' }).click()
  // Behind the other one, which is interactive still.
  await expect(rows.last()).toContainText('normal')
  await rows
    .last()
    .getByRole('button', { name: /^Raise request .* to interactive$/ })
    .click()
  await page.getByRole('dialog').getByRole('button', { name: 'Raise' }).click()
  await expect(region(page, /^Queue/)).not.toContainText('normal')
  expect(await violations(page)).toEqual([])

  await rows
    .last()
    .getByRole('button', { name: /^Cancel request / })
    .click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel the request' }).click()
  await expect(rows).toHaveCount(1)
  const answer = await scripted?.next()
  answer?.say('You.')
  answer?.finish()
  // The slot is the next one's.
  await expect(region(page, /^Queue/)).toContainText('Nobody waits.')
})

test('a connected server: its queue, a raise, a cancel; narrow and wide it is accessible', async ({
  startBerth,
  open,
  page,
}) => {
  const berth = await startBerth({ env: { OLLAMA_NUM_PARALLEL: '1' } })
  await page.setViewportSize({ width: 1440, height: 900 })
  await open('/#/activity', { berth })
  await page.getByLabel('Whose activity').selectOption('This server')
  await expect(region(page, /^In memory/)).toContainText('No model is loaded.')
  await expect(page.getByRole('meter', { name: /^CPU/ })).toHaveAttribute(
    'aria-valuetext',
    /% of all measured/,
  )

  const ask = (tokens: number): Promise<Response> =>
    fetch(`${berth.url}/api/generate`, {
      method: 'POST',
      body: JSON.stringify({
        model: 'smollm2',
        prompt: 'Count upwards from one.',
        options: { num_predict: tokens, temperature: 0 },
        stream: true,
      }),
    })
  // Ended by the page's button long before that.
  const long = await ask(2_000)
  const slot = page.getByRole('list', { name: 'Slots' }).getByRole('listitem').first()
  await expect(slot).toContainText('answers')
  const short = ask(8)
  const rows = region(page, /^Queue/)
    .getByRole('row')
    .filter({ has: page.getByRole('cell') })
  await expect(rows).toHaveCount(1)
  await expect(rows).toContainText('normal')
  await act(page, /^Raise request .* to interactive$/, 'Raise')
  await expect(rows).toContainText('interactive')

  for (const width of [1440, 360]) {
    await page.setViewportSize({ width, height: 800 })
    expect(await violations(page)).toEqual([])
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    expect(wide, 'nothing sticks out at the side').toBeLessThanOrEqual(0)
  }

  await slot.getByRole('button', { name: /^Cancel request / }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel the request' }).click()
  expect(await long.text()).toContain('cancelled')
  expect(await (await short).text()).toContain('"done":true')
  await expect(page.getByRole('img', { name: 'State: ready' })).toBeVisible()
  await page.getByText('The same as a list').click()
  await expect
    .poll(async () => (await timelineOf(page)).toReversed().slice(0, 4))
    .toEqual(['loading', 'idle', 'reading a prompt', 'answering'])
  // Before the server, whose end it would complain of.
  await page.close()
})

test('a user’s key may watch and not administer; a wrong one is told so; a lost server is found again', async ({
  startBerth,
  open,
  page,
  folder,
  complaints,
}) => {
  complaints.allow(/status of 401|ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|Failed to load resource/)
  const file = join(await folder(), 'keys')
  await writeFile(file, `anna user sha256:${hash('anna-key')}\nboss admin sha256:${hash('boss-key')}\n`)
  const berth = await startBerth({ args: ['--api-keys', file] })
  const generate = (key: string): Promise<Response> =>
    fetch(`${berth.url}/api/generate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: 'smollm2', stream: false }),
    })
  const giveKey = async (key: string): Promise<void> => {
    await page.getByRole('link', { name: 'Settings', exact: true }).click()
    await page.getByRole('button', { name: /key/i }).first().click()
    await page.getByRole('textbox', { name: 'Key' }).fill(key)
    await page.keyboard.press('Enter')
    await expect(page.getByRole('dialog')).toBeHidden()
    await page.getByRole('link', { name: 'Activity', exact: true }).click()
  }
  await open('/#/activity', { berth })
  await page.getByLabel('Whose activity').selectOption('This server')
  await expect(page.getByText('does not let this page watch: it wants an API key')).toBeVisible()

  await giveKey('anna-key')
  await expect(page.getByText('The key is a user’s (anna)')).toBeVisible()
  expect((await generate('boss-key')).status).toBe(200)
  const keep = page.getByRole('button', { name: /^Keep smollm2/ })
  await expect(keep).toBeDisabled()
  await expect(page.getByRole('button', { name: /^Unload smollm2/ })).toBeDisabled()

  await giveKey('boss-key')
  await expect(keep).toBeEnabled()
  await act(page, /^Keep smollm2/, 'Keep')
  await expect(page.getByText('pinned')).toBeVisible()

  await berth.kill()
  await expect(page.getByText(/^Connection to This server lost since/)).toBeVisible()
  await berth.restart()
  await expect(page.getByText(/^Connection to This server lost since/)).toBeHidden()
  await expect(region(page, /^In memory/)).toContainText('No model is loaded.')
  await page.close()
})
