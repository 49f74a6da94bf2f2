import { cp } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Page } from '@playwright/test'
import { smollm2, webLlmModel, whyNoWebModels } from '../../models/index.js'
import { expect, test } from '../fixtures/index.js'

const NAME = 'Smollm2 135M 8k'
const QUESTION = 'What is the capital of France?'

/** Until the service worker has the page and answers for it. */
async function kept(page: Page): Promise<void> {
  await page.waitForFunction(async () => {
    await navigator.serviceWorker.ready
    return navigator.serviceWorker.controller !== null
  })
}

async function asked(page: Page, question: string): Promise<void> {
  const field = page.getByRole('textbox', { name: 'Message', exact: true })
  await field.fill(question)
  await field.press('Enter')
}

for (const host of ['127.0.0.1', 'localhost'] as const) {
  test(`a model in the browser, from ${host}, answers there, and again with server and network gone`, async ({
    startBerth,
    open,
    page,
    context,
    complaints,
    folder,
  }) => {
    const why = await whyNoWebModels()
    test.skip(why !== undefined, why)
    // The software GPU computes three tokens a second where nobody else does.
    test.slow()
    complaints.allow(/Failed to load resource|ERR_CONNECTION_REFUSED|ERR_INTERNET_DISCONNECTED/)
    const model = await webLlmModel({ gguf: await smollm2() })
    // Alone: other tests make models of the same name.
    const models = await folder()
    await cp(model.folder, join(models, basename(model.folder)), { recursive: true })
    await cp(model.library, join(models, 'libraries', basename(model.library)))
    // No GGUF: the only model to be had from this server is one for the browser.
    const berth = await startBerth({ files: {}, args: ['--web-models', models] })
    const origin = host === 'localhost' ? berth.localhostUrl : berth.url
    await open('/#/models', { berth, origin })
    // By the name in the model's own file; the hubs' spell it otherwise.
    await page.getByLabel('Search models').fill(NAME)
    await page.getByRole('button', { name: new RegExp(`^Download ${NAME}`) }).click()
    await page.getByRole('button', { name: new RegExp(`^Chat with ${NAME}`) }).click()
    await page.getByRole('button', { name: 'Settings of this conversation' }).click()
    await page.getByRole('textbox', { name: 'Temperature' }).fill('0')
    await page.getByRole('textbox', { name: 'Longest answer' }).fill('24')
    await page.getByRole('button', { name: 'Close' }).click()
    await asked(page, QUESTION)
    const answers = page.locator('.message-assistant')
    await expect(answers).toContainText('Paris')
    await expect(page.locator('.answer-foot')).toContainText('tokens/s')

    await kept(page)
    await berth.kill()
    await context.setOffline(true)
    await page.reload()
    await expect(answers).toContainText('Paris')
    // Known again once the page has looked in vain for its server's list.
    await expect(page.getByRole('button', { name: new RegExp(`^Model: ${NAME}`) })).toBeVisible()
    await answers.getByRole('button', { name: 'Answer again' }).click()
    await expect(answers.getByRole('group', { name: 'Versions of this message' })).toHaveText('2/2')
    await expect(answers).toContainText('Paris')
    await expect(page.locator('.answer-foot')).toContainText('tokens/s')
  })
}
