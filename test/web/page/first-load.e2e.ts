import { expect, test } from '../fixtures/index.js'
import { watchScripts } from '../fixtures/scripts-loaded.js'

const MOST_BYTES = 150 * 1024

test('the first load is small: engines and highlighting are fetched when they are needed', async ({
  browser,
  berth,
}) => {
  // The service worker fetches everything a second time, for when the network is off.
  const context = await browser.newContext({ serviceWorkers: 'block' })
  const scripts = watchScripts(context)
  const page = await context.newPage()
  await page.goto(berth.url)
  await expect(page.getByRole('textbox', { name: 'Message', exact: true })).toBeEnabled()
  // What is fetched without anybody's doing comes before the models of this browser are listed.
  await page.goto(`${berth.url}/#/models`)
  await expect(page.getByText('This browser, WebGPU').first()).toBeVisible()
  const loaded = await scripts()
  const bytes = loaded.reduce((sum, script) => sum + script.bytes, 0)
  expect(bytes, loaded.map((script) => `${script.path} ${script.bytes}`).join('\n')).toBeLessThan(MOST_BYTES)
  expect(loaded.map(({ path }) => path).filter((path) => /languages/.test(path))).toEqual([])
  await context.close()
})
