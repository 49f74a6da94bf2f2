import { randomGguf } from '../../models/index.js'
import { expect, test } from '../fixtures/index.js'

test('a model is added, downloaded, loaded, unloaded and deleted, by the page over its real host', async ({
  open,
  page,
  serve,
}) => {
  const server = await serve({ '/tiny.gguf': await randomGguf({ seed: 7 }) })
  await open('/#/models')
  await expect(page.getByRole('region', { name: 'To be had' })).toBeVisible()
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByRole('menuitem', { name: 'A model by its address' }).click()
  await page.getByRole('dialog').getByLabel('Address').fill(`${server.url}/tiny.gguf`)
  await page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click()

  await expect(page.getByRole('dialog')).toBeHidden()
  await page.getByLabel('Search models').fill(server.url)
  const row = page
    .getByRole('main')
    .getByRole('listitem')
    .filter({ has: page.getByRole('heading', { level: 3 }) })
  await expect(row).toHaveCount(1)
  await row.getByRole('button', { name: /^Download / }).click()
  const menu = row.getByRole('button', { name: /^Actions for / })
  await expect(menu).toBeVisible()
  await expect(page.getByRole('region', { name: 'Here' })).toBeVisible()

  await menu.click()
  await page.getByRole('menuitem', { name: 'Load now' }).click()
  const loaded = page.getByRole('region', { name: 'Loaded now' })
  await expect(loaded).toContainText('ready')
  await expect(loaded).toContainText(/\d MiB of memory/)
  const keep = loaded.getByRole('button', { name: /^Keep / })
  await keep.click()
  await expect(loaded.getByRole('button', { name: /^Do not keep / })).toHaveAttribute('aria-pressed', 'true')
  await loaded.getByRole('button', { name: /^Unload / }).click()
  await expect(loaded).toBeHidden()

  await menu.click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(row.getByRole('button', { name: /^Download / })).toBeVisible()
})
