import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, test } from '../fixtures/index.js'
import { FakeChat } from './chat-page.js'
import type * as Module from './lab.js'

const ANSWER = `## A heading\n\nWith a [link](https://example.org), \`code\` and a list:\n\n- one\n- two\n\n\`\`\`python\ndef f(): # comment\n    return "text", 1, None\n\`\`\`\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n> quoted`

/** Whoever uses a screen reader, a keyboard or a weak screen can use it as it is now, in both themes. */
async function accessible(page: Page, what: string): Promise<void> {
  for (const theme of ['light', 'dark']) {
    await page.evaluate((name) => document.documentElement.setAttribute('data-theme', name), theme)
    // Colours that are on their way to others are not what is judged.
    await page.evaluate(async () => {
      const ending = document.getAnimations().filter((one) => one.effect?.getTiming().iterations !== Infinity)
      await Promise.allSettled(ending.map((one) => one.finished))
    })
    const { violations } = await new AxeBuilder({ page }).analyze()
    const said = violations.map(
      (one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`,
    )
    expect(said, `${what}, ${theme}`).toEqual([])
  }
}

test('has no axe violation, whatever it shows', async ({ openLab }) => {
  const { page, lab } = await openLab<typeof Module>(new URL('lab.tsx', import.meta.url))
  const chat = new FakeChat(page, lab)
  await accessible(page, 'empty')
  await chat.send('Hello')
  const loading = { fraction: 0.4, stage: 'reading', leftMs: null } as const
  await chat.say({ type: 'waiting', position: 1, why: 'loading', loading })
  await accessible(page, 'loading')
  await chat.lab.evaluate((module) => module.asked().think('Hm.'))
  await chat.text(ANSWER)
  await expect(page.locator('.hljs-comment')).toBeVisible()
  await accessible(page, 'answering')
  await chat.finish()
  await page.getByText('Thoughts').click()
  await accessible(page, 'answered')
  await page.getByRole('button', { name: 'Answer again' }).click()
  await chat.asked(2)
  await chat.say({ type: 'failed', error: { from: 'scheduler', code: 'deadline', message: 'waited 60 s' } })
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible()
  await accessible(page, 'failed')
  await page.getByRole('button', { name: /^Model:/ }).click()
  await accessible(page, 'model picker')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Settings of this conversation' }).click()
  await accessible(page, 'settings')
  await page.keyboard.press('Escape')
  await chat.field.press('ArrowUp')
  await accessible(page, 'editing')
})

test('is whole at 360 pixels, in both directions of writing', async ({ openLab }) => {
  const { page, lab } = await openLab<typeof Module>(new URL('lab.tsx', import.meta.url))
  const chat = new FakeChat(page, lab)
  await page.setViewportSize({ width: 360, height: 640 })
  const wide = () =>
    page.evaluate(() =>
      [...document.querySelectorAll('.shell-main *')]
        .filter((element) => element.closest('pre, .md-table, .visually-hidden') === null)
        .filter((element) => {
          const { left, right } = element.getBoundingClientRect()
          return right > innerWidth + 1 || left < -1
        })
        .map((element) => element.className),
    )
  expect(await wide()).toEqual([])
  await chat.exchange(
    `${'long'.repeat(60)} https://example.org/${'path'.repeat(40)}`,
    `${ANSWER}\n\n${'word'.repeat(80)}\n\nمرحبا بالعالم`,
  )
  expect(await wide()).toEqual([])
  expect(
    await chat.answers.getByText('مرحبا').evaluate((element) => getComputedStyle(element).direction),
  ).toBe('rtl')
  expect(
    await page.locator('.code-block pre').evaluate((element) => getComputedStyle(element).direction),
  ).toBe('ltr')
  await page.getByRole('button', { name: /^Model:/ }).click()
  expect(await wide()).toEqual([])
  await page.keyboard.press('Escape')
  // The search is in a drawer here, which opens for it.
  await page.keyboard.press('Control+K')
  await expect(page.getByRole('textbox', { name: 'Search conversations' })).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('textbox', { name: 'Search conversations' })).toBeHidden()
  await page.evaluate(() => (document.documentElement.dir = 'rtl'))
  expect(await wide()).toEqual([])
})

test('is used by keyboard alone: send, stop, copy, choose, write', async ({ openLab, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const { page, lab } = await openLab<typeof Module>(new URL('lab.tsx', import.meta.url))
  const chat = new FakeChat(page, lab)
  await expect(chat.field).toBeFocused()
  await page.keyboard.type('One')
  await page.keyboard.press('Shift+Enter')
  await page.keyboard.type('Two')
  await page.keyboard.press('Enter')
  await chat.asked(1)
  expect(await chat.prompt()).toEqual(['user: One\nTwo'])
  await chat.text('```js\nlet a = 1\n```')
  await chat.finish()
  await expect(page.getByRole('button', { name: 'Copy code' })).toBeVisible()
  await expect(chat.field).toBeFocused()
  // What was just said is said to a screen reader as well, once it is whole.
  await expect(page.getByRole('status').filter({ hasText: 'Answer: ' })).toHaveCount(1)
  for (let steps = 0; steps < 30; steps += 1) {
    await page.keyboard.press('Shift+Tab')
    if (
      await page
        .getByRole('button', { name: 'Copy code' })
        .evaluate((button) => button === document.activeElement)
    )
      break
  }
  await page.keyboard.press('Enter')
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('let a = 1')
})
