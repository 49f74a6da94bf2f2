import type { Page } from '@playwright/test'
import { expect, test } from '../fixtures/index.js'
import { violations } from './axe.js'

const PAGES = [
  { hash: '#/chat', ready: 'New chat' },
  { hash: '#/models', ready: 'Models' },
  { hash: '#/activity', ready: 'Activity' },
  { hash: '#/settings', ready: 'Settings' },
] as const

for (const width of [360, 1440]) {
  for (const theme of ['light', 'dark'] as const) {
    test(`every page is accessible at ${width} px, ${theme}`, async ({ open, page }) => {
      await page.setViewportSize({ width, height: 800 })
      await page.emulateMedia({ colorScheme: theme })
      for (const { hash } of PAGES) {
        await open(`/${hash}`)
        // What the host tells is shown.
        const shown = {
          '#/chat': 'textbox',
          '#/models': 'heading',
          '#/activity': 'heading',
          '#/settings': 'heading',
        } as const
        await expect(page.getByRole('main').getByRole(shown[hash]).first()).toBeVisible()
        // Comes by itself.
        if (hash === '#/settings')
          await expect(page.getByRole('heading', { name: 'Appearance' })).toBeVisible()
        if (hash === '#/activity')
          await expect(page.getByRole('heading', { name: 'The last hour' })).toBeVisible()
        if (hash === '#/models') await expect(page.getByRole('heading', { name: 'Here' })).toBeVisible()
        expect(await violations(page)).toEqual([])
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        expect(wide, 'nothing sticks out at the side').toBeLessThanOrEqual(0)
      }
    })
  }
}

test('the sidebar is a drawer on a narrow page: it takes the focus, keeps it, and gives it back', async ({
  open,
  page,
}) => {
  await page.setViewportSize({ width: 360, height: 740 })
  await open('/#/settings')
  // The page itself comes a moment after its frame, and has a bar of its own.
  await expect(page.getByText('Processor cores')).toBeVisible()
  const drawer = page.getByRole('complementary', { name: 'Sidebar' })
  await expect(drawer).toBeHidden()
  const button = page.getByRole('button', { name: 'Show the sidebar' })
  await button.focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('button', { name: 'Hide the sidebar' })).toBeFocused()
  expect(await violations(page)).toEqual([])
  await page.keyboard.press('Escape')
  await expect(drawer).toBeHidden()
  await expect(button).toBeFocused()
  await button.click()
  await drawer.getByRole('link', { name: 'Models' }).click()
  await expect(drawer).toBeHidden()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Models')
  await page.goBack()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Settings')
})

test('a sidebar beside the page can be put away', async ({ open, page }) => {
  await page.setViewportSize({ width: 1440, height: 800 })
  await open('/#/models')
  await page.getByRole('button', { name: 'Hide the sidebar' }).click()
  await expect(page.getByRole('complementary', { name: 'Sidebar' })).toBeHidden()
  const show = page.getByRole('button', { name: 'Show the sidebar' })
  await expect(show).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('link', { name: 'Settings' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Hide the sidebar' })).toBeFocused()
})

test('the theme is there before the page is, also after a reload and in other tabs', async ({
  open,
  page,
  context,
  complaints,
}) => {
  complaints.allow(/Failed to (fetch|load)/)
  await open('/#/settings')
  const other = await open('/#/settings', { page: await context.newPage() })
  const dark = (tab: typeof page) => tab.evaluate(() => document.documentElement.dataset['theme'])
  await page.getByRole('radio', { name: 'Dark' }).check()
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  await expect(other.locator('html')).toHaveAttribute('data-theme', 'dark')
  await expect(other.getByRole('radio', { name: 'Dark' })).toBeChecked()

  // Without any of the page's own code.
  await context.route('**/assets/*.js', async (route) => await route.abort())
  const bare = await context.newPage()
  await bare.goto(page.url().replace('#/settings', 'index.html'), { waitUntil: 'commit' })
  await bare.waitForFunction(() => document.body !== null)
  expect(await dark(bare)).toBe('dark')
})

/** What a reload would find; a change is shown at once, and stored a moment later. */
async function storedKeepAlive(page: Page): Promise<unknown> {
  return await page.evaluate(
    () =>
      new Promise<unknown>((resolve) => {
        const opened = indexedDB.open('keyval-store')
        opened.addEventListener('success', () => {
          const found = opened.result.transaction('keyval').objectStore('keyval').get('settings')
          found.addEventListener('success', () => {
            opened.result.close()
            resolve(found.result?.keepAliveMs)
          })
        })
      }),
  )
}

test('settings are kept, and are told to whoever they concern', async ({ open, page }) => {
  await open('/#/settings')
  const budget = page.getByLabel('Memory for models', { exact: true })
  await expect(page.getByText('a guess: browsers do not tell').first()).toBeVisible()
  await budget.fill('much')
  await budget.press('Enter')
  await expect(page.getByRole('alert').filter({ hasText: '“much” is no budget' })).toBeVisible()
  await budget.fill('1.5')
  await budget.press('Enter')
  await expect(page.getByText('Models may take 1.5 GiB now, by your setting.')).toBeVisible()
  await page.getByLabel('An idle model stays loaded').selectOption('30 minutes')
  await expect.poll(() => storedKeepAlive(page)).toBe(30 * 60_000)
  await page.reload()
  await expect(budget).toHaveValue('1.5')
  await expect(page.getByLabel('An idle model stays loaded')).toHaveValue(String(30 * 60_000))
  await page.getByRole('button', { name: 'Reset the settings' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Reset' }).click()
  await expect(budget).toHaveValue('')
  await expect(page.getByText('a guess: browsers do not tell').first()).toBeVisible()
})

test('nobody may put the page into a frame, and it is isolated from others', async ({
  open,
  page,
  berth,
}) => {
  await open('/')
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
  const { headers } = await fetch(berth.url, { headers: { accept: 'text/html' } })
  const policy = headers.get('content-security-policy') ?? ''
  for (const rule of ["frame-ancestors 'none'", "script-src 'self' 'wasm-unsafe-eval'", "style-src 'self'"])
    expect(policy.split('; ')).toContain(rule)
  expect(policy).not.toContain('unsafe-inline')
})
