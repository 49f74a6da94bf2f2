import { expect, test } from '../fixtures/index.js'

test('chats with the server’s model: streams, stops, answers again, and is there after a reload', async ({
  open,
  berth,
}) => {
  void berth
  const page = await open()
  const field = page.getByRole('textbox', { name: 'Message', exact: true })
  const answers = page.locator('.message-assistant')
  await expect(page.getByRole('button', { name: /^Model: smollm2/i })).toBeVisible()
  await page.getByRole('button', { name: 'Settings of this conversation' }).click()
  await page.getByRole('textbox', { name: 'Temperature' }).fill('0')
  await page.getByRole('textbox', { name: 'Longest answer' }).fill('200')
  await page.getByRole('button', { name: 'Close' }).click()
  await field.fill('What is the capital of France? Answer in one short sentence.')
  await field.press('Enter')
  await expect(answers).toContainText('Paris')
  await expect(page.locator('.answer-foot')).toContainText(/tokens\/s · first after .+ · \d+ tokens/)
  // One that would be long is stopped as soon as there is something of it.
  await field.fill('Count from 1 to 1000 in words.')
  await field.press('Enter')
  await expect(answers.nth(1).locator('.md')).not.toBeEmpty()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('button', { name: 'Go on' })).toBeVisible()
  await answers.first().getByRole('button', { name: 'Answer again' }).click()
  await expect(answers).toHaveCount(1)
  await expect(answers.getByRole('group', { name: 'Versions of this message' })).toHaveText('2/2')
  await expect(answers).toContainText('Paris')
  await expect(page.locator('.answer-foot')).toContainText('tokens/s')
  const said = await answers.locator('.md').textContent()
  await page.reload()
  await expect(answers.locator('.md')).toHaveText(said ?? '')
  await expect(page.getByRole('link', { name: /^What is the capital of France/ })).toBeVisible()
})
