import { expect, test } from '../fixtures/index.js'

test('a first message leaves the page as it is, and a notice leaves the field free', async ({
  open,
  page,
}) => {
  await page.setViewportSize({ width: 360, height: 740 })
  await open('/')
  const message = page.getByRole('textbox', { name: 'Message', exact: true })
  // With a model of the server's there is nothing to choose or to press before one writes.
  await expect(message).toHaveAttribute('placeholder', /smollm2/)
  await message.evaluate((field) => (field.dataset['mark'] = 'the same'))
  await message.fill('Hello')
  await message.press('Enter')
  await expect(page).toHaveURL(/#\/chat\/./)
  await expect(message).toHaveAttribute('data-mark', 'the same')
  // Left alone, the model may go on for minutes.
  await expect(page.locator('.message-assistant .md')).not.toBeEmpty()
  await message.press('Escape')
  await expect(page.getByRole('button', { name: 'Answer again' })).toBeVisible()

  await page.getByRole('button', { name: 'Show the sidebar' }).click()
  await page.getByRole('button', { name: /^More for / }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  const undo = page.getByRole('log', { name: 'Notices' }).getByRole('button', { name: 'Undo' })
  await expect(undo).toBeVisible()
  await page.keyboard.press('Escape')
  await message.fill('Hello again')
  // Playwright refuses to click what something else lies over.
  await page.getByRole('button', { name: 'Send', exact: true }).click({ trial: true })
  await undo.click()
  await expect(undo).toBeHidden()
})
