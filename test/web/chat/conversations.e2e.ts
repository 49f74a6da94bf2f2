import { readFile } from 'node:fs/promises'
import { expect, test as base } from '../fixtures/index.js'
import { FakeChat } from './chat-page.js'
import type * as Module from './lab.js'

const DAY = 86_400_000

const test = base.extend<{ chat: FakeChat }>({
  chat: async ({ openLab }, use) => {
    const { page, lab } = await openLab<typeof Module>(new URL('lab.tsx', import.meta.url))
    const chat = new FakeChat(page, lab)
    await lab.evaluate(async (module, day) => {
      await module.store('moon', 'Tides', ['Why are there tides?', 'The **moon** pulls.'], Date.now())
      await module.store(
        'bread',
        'Sourdough',
        ['How long?', 'Twelve hours, as the baker says.'],
        Date.now() - day,
      )
      await module.store('trip', 'Lisbon', ['Where to?', 'To the sea.'], Date.now() - 400 * day)
    }, DAY)
    await chat.reload()
    await use(chat)
  },
})

test('are listed by date, and found by title and text', async ({ chat }) => {
  const { page } = chat
  const list = page.getByRole('navigation', { name: 'Conversations' })
  await expect(list.getByRole('heading')).toHaveCount(3)
  await expect(list.getByRole('heading').first()).toHaveText('Today')
  await expect(list.getByRole('link')).toHaveText(['Tides', 'Sourdough', 'Lisbon'])
  await page.keyboard.press('Control+K')
  const search = page.getByRole('textbox', { name: 'Search conversations' })
  await expect(search).toBeFocused()
  await search.fill('LISB')
  await expect(list.getByRole('link')).toHaveText(['Lisbon'])
  await search.fill('the baker')
  await expect(list.getByRole('link')).toHaveText([/Sourdough.*Twelve hours, as the baker says\./])
  await expect(list.locator('mark')).toHaveText('the baker')
  await search.fill('nowhere to be found')
  await expect(list.getByText('Nothing has these words.')).toBeVisible()
  await search.press('Escape')
  await expect(list.getByRole('link')).toHaveCount(3)
})

test('are renamed, and deleted with a way back', async ({ chat }) => {
  const { page } = chat
  const list = page.getByRole('navigation', { name: 'Conversations' })
  await page.getByRole('button', { name: 'More for Sourdough' }).click()
  await page.getByRole('menuitem', { name: 'Rename' }).click()
  const title = page.getByRole('textbox', { name: 'Title' })
  await expect(title).toBeFocused()
  await title.fill('Bread')
  await title.press('Enter')
  await expect(list.getByRole('link', { name: 'Bread' })).toBeVisible()
  await list.getByRole('link', { name: 'Bread' }).click()
  await expect(chat.answers).toContainText('Twelve hours')
  await page.getByRole('button', { name: 'More for Bread' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await expect(list.getByRole('link', { name: 'Bread' })).toHaveCount(0)
  await expect(page).toHaveURL(/#\/chat$/)
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(list.getByRole('link', { name: 'Bread' })).toBeVisible()
  await list.getByRole('link', { name: 'Bread' }).click()
  await expect(chat.answers).toContainText('Twelve hours')
  await page.getByRole('button', { name: 'More for Bread' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await chat.reload()
  await expect(list.getByRole('link')).toHaveText(['Tides', 'Lisbon'])
})

test('go out and come back as JSON, all of them, and as Markdown', async ({ chat }) => {
  const { page } = chat
  const list = page.getByRole('navigation', { name: 'Conversations' })
  const exported = async (menu: string, item: string) => {
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: menu }).click()
    await page.getByRole('menuitem', { name: item }).click()
    const file = await download
    return { name: file.suggestedFilename(), content: await readFile(await file.path()) }
  }
  const all = await exported('Import and export', 'Export all')
  expect(all.name).toMatch(/^berth-conversations-\d{4}-\d\d-\d\d\.json$/)
  const markdown = await exported('More for Tides', 'Export as Markdown')
  expect(markdown.name).toBe('Tides.md')
  expect(markdown.content.toString()).toContain('The **moon** pulls.')
  const one = await exported('More for Lisbon', 'Export as JSON')
  expect(one.name).toBe('Lisbon.json')
  const files = page.getByLabel('Files to import')
  await files.setInputFiles({ name: all.name, mimeType: 'application/json', buffer: all.content })
  await expect(page.getByText('Imported 3 conversations')).toBeVisible()
  await expect(list.getByRole('link')).toHaveCount(6)
  await files.setInputFiles({ name: markdown.name, mimeType: 'text/markdown', buffer: markdown.content })
  await expect(page.getByText('Imported one conversation')).toBeVisible()
  await expect(list.getByRole('link', { name: 'Tides' })).toHaveCount(3)
  await list.getByRole('link', { name: 'Tides' }).first().click()
  await expect(chat.answers.locator('strong')).toHaveText('moon')
  await files.setInputFiles({
    name: 'other.json',
    mimeType: 'application/json',
    buffer: Buffer.from('{"a":1}'),
  })
  await expect(page.getByText(/other\.json: Expected "format" to be/)).toBeVisible()
})
