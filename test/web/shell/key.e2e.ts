import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '../fixtures/index.js'
import { violations } from './axe.js'

const KEY = 'a-long-and-random-key'

test('a server that wants a key: the page says so, takes it, and chats', async ({
  open,
  page,
  startBerth,
  folder,
  complaints,
}) => {
  // The browser tells of every answer that is a refusal.
  complaints.allow(/status of 401/)
  const file = join(await folder(), 'keys')
  await writeFile(file, `me user sha256:${createHash('sha256').update(KEY).digest('hex')}\n`)
  const berth = await startBerth({ args: ['--api-keys', file] })
  await open('/', { berth })
  await expect(page.getByText('This server wants a key')).toBeVisible()
  const give = async (key: string): Promise<void> => {
    await page.getByRole('button', { name: 'Enter the key' }).click()
    await page.getByRole('textbox', { name: 'Key' }).fill(key)
    await page.keyboard.press('Enter')
    await expect(page.getByRole('dialog')).toBeHidden()
  }
  await give('not-it')
  await expect(page.getByText('does not know the key')).toBeVisible()
  expect(await violations(page)).toEqual([])
  await give(KEY)
  await page.getByRole('button', { name: 'Settings of this conversation' }).click()
  await page.getByRole('textbox', { name: 'Longest answer' }).fill('24')
  await page.getByRole('button', { name: 'Close' }).click()
  const message = page.getByRole('textbox', { name: 'Message', exact: true })
  await message.fill('Hello')
  await message.press('Enter')
  await expect(page.getByRole('button', { name: 'Answer again' })).toBeVisible()
  // Its lists for browsers are behind the key too.
  await page.getByRole('link', { name: 'Models' }).click()
  const own = page.locator(`[data-model^="gguf/${berth.url}/"]`)
  await own.getByRole('button', { name: /^Download/ }).click()
  await expect(own.getByRole('button', { name: /^Chat/ })).toBeVisible()
})
