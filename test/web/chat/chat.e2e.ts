import { expect, test as base } from '../fixtures/index.js'
import { FakeChat, labOf } from './chat-page.js'
import type * as Module from './lab.js'

const test = base.extend<{ chat: FakeChat }>({
  chat: async ({ openLab, context }, use) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    const { page, lab } = await openLab<typeof Module>(new URL('lab.tsx', import.meta.url))
    await use(new FakeChat(page, lab))
  },
})

test('streams an answer, gives the conversation a title and shows what it took', async ({ chat }) => {
  const { page } = chat
  await chat.send('What is the capital of France?')
  await chat.text('The capital is ')
  await chat.text('**Paris**.')
  await expect(chat.answers.locator('strong')).toHaveText('Paris')
  await expect(page.getByRole('button', { name: 'Stop (Escape)' })).toBeVisible()
  await chat.finish()
  await expect(page.locator('.answer-foot')).toContainText('25 tokens/s')
  await expect(page.locator('.answer-foot')).toContainText('50 tokens')
  await expect(page.getByRole('link', { name: 'What is the capital of France?' })).toHaveAttribute(
    'aria-current',
    'page',
  )
  await expect(page).toHaveURL(/#\/chat\/[\w-]+$/)
  await page.getByRole('button', { name: 'Copy answer' }).click()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('The capital is **Paris**.')
})

test('says an answer without its signs, and that its server is gone while it is', async ({ chat }) => {
  const { page } = chat
  await chat.exchange('What is the capital of France?', 'The capital is **Paris**.')
  await expect(page.getByText('Answer: The capital is Paris.')).toHaveCount(1)
  const server = (state: 'connected' | 'unreachable') =>
    chat.lab.evaluate(({ host }, now) => {
      const view = host.view.peek()
      if (view === null) return
      host.view.value = {
        ...view,
        models: view.models.map((model) => ({ ...model, id: 'http://harbour/smol', place: 'server' })),
        servers: [{ name: 'Harbour', address: 'http://harbour', state: now, why: null }],
      }
    }, state)
  await server('unreachable')
  await expect(page.getByText('Harbour cannot be reached just now.')).toBeVisible()
  await server('connected')
  await expect(page.getByText('Harbour cannot be reached just now.')).toBeHidden()
})

test('renders a finished block once, and an answer once a frame at most', async ({ chat }) => {
  const { page } = chat
  await chat.exchange('Earlier question', 'Earlier answer')
  await chat.send('Tell me a lot')
  const counts = await chat.lab.evaluate(async (module) => {
    // oxlint-disable-next-line unicorn/consistent-function-scoping -- the page has what is in here only
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
    const seen = new Map<Element, number>()
    let earlier = 0
    const observer = new MutationObserver((records) => {
      // What changes within one block in one go is one rendering of it.
      const blocks = new Set<Element>()
      for (const { target } of records) {
        const element = target instanceof Element ? target : target.parentElement
        const block = element?.closest('.md > *')
        if (block != null) blocks.add(block)
        const message = element?.closest('.message')
        if (message != null && !message.classList.contains('message-last')) earlier += 1
      }
      for (const block of blocks) seen.set(block, (seen.get(block) ?? 0) + 1)
    })
    const list = document.querySelector('.message-list')
    if (list === null) throw new Error('No list')
    observer.observe(list, { subtree: true, childList: true, characterData: true })
    let frames = 0
    for (let paragraph = 0; paragraph < 20; paragraph += 1) {
      // 200 pieces, ten before each frame: far more than there are frames.
      for (let word = 0; word < 10; word += 1) module.asked().text(`word${word} `)
      module.asked().text('\n\n')
      await frame()
      frames += 1
    }
    module.asked().finish()
    await frame()
    await frame()
    observer.disconnect()
    const blocks = [...document.querySelectorAll('.message-last .md > *')]
    return {
      frames,
      earlier,
      blocks: blocks.length,
      most: Math.max(...blocks.map((block) => seen.get(block) ?? 0)),
      all: [...seen.values()].reduce((a, b) => a + b, 0),
    }
  })
  expect(counts.blocks).toBe(20)
  // A message that is over is not touched while another one grows.
  expect(counts.earlier).toBe(0)
  // A paragraph comes within one frame, or at the border of two.
  expect(counts.most).toBeLessThanOrEqual(2)
  expect(counts.all).toBeLessThanOrEqual(counts.frames + counts.blocks + 2)
  await expect(page.locator('.message-last .md')).toContainText('word9')
})

test('shows the truth while it waits: the place in line, who leaves, what is loaded, what is read', async ({
  chat,
}) => {
  const { page } = chat
  await chat.send('Hello')
  await chat.say({ type: 'waiting', position: 3, why: 'waits for memory', loading: null })
  await expect(page.getByText('3rd in line')).toBeVisible()
  await expect(page.getByText('waits for memory')).toBeVisible()
  const evicted = () =>
    chat.lab.evaluate((module) =>
      module.host.tell({
        type: 'events',
        events: [
          {
            seq: 1,
            at: 0,
            type: 'evicted',
            runner: 'r',
            model: 'qwen',
            purpose: 'generate',
            why: 'idle for 42 s',
            frees: 3e9,
          },
        ],
      }),
    )
  // Told until somebody listens: the line is there a moment before it does.
  await expect(async () => {
    await evicted()
    await expect(page.getByText('Qwen3 4B is leaving: idle for 42 s')).toBeVisible({ timeout: 1_000 })
  }).toPass()
  const loading = {
    fraction: 0.4,
    stage: 'fetching',
    loadedBytes: 58e6,
    totalBytes: 145e6,
    leftMs: 42_000,
  } as const
  await chat.say({ type: 'waiting', position: 1, why: 'loading', loading })
  await expect(page.getByText('55.3 MiB of 138 MiB · 42 s left')).toBeVisible()
  await expect(page.getByRole('progressbar', { name: 'Downloading the model' })).toHaveAttribute(
    'aria-valuenow',
    '40',
  )
  await chat.say({ type: 'started', model: 'smol', waitedMs: 900 })
  await chat.say({ type: 'prompt', tokens: 320, of: 847 })
  await expect(page.getByText('320 of 847 tokens')).toBeVisible()
  await chat.text('Hi')
  await expect(chat.answers).toContainText('Hi')
  await expect(page.getByText('320 of 847 tokens')).toBeHidden()
})

test('stops, by button and by Escape, also before anything has come; goes on after that', async ({
  chat,
}) => {
  const { page } = chat
  await chat.send('Count')
  await chat.text('One, two')
  await expect(chat.answers).toContainText('One, two')
  await page.getByRole('button', { name: 'Stop (Escape)' }).click()
  await expect.poll(() => chat.cancelled()).toBe(true)
  await page.getByRole('button', { name: 'Go on' }).click()
  await chat.asked(2)
  expect(await chat.prompt()).toEqual([
    'user: Count',
    'assistant: One, two',
    'user: Continue your last answer exactly where it stopped. Do not repeat any of it.',
  ])
  await chat.text(', three')
  await chat.finish()
  await expect(chat.answers.locator('.md')).toHaveText('One, two, three')
  await chat.send('Again')
  await page.keyboard.press('Escape')
  await expect.poll(() => chat.cancelled()).toBe(true)
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible()
})

test('answers again and sends anew as branches that one can go between', async ({ chat }) => {
  const { page } = chat
  await chat.exchange('First', 'Answer one')
  await page.getByRole('button', { name: 'Answer again' }).click()
  await chat.asked(2)
  expect(await chat.prompt()).toEqual(['user: First'])
  await chat.text('Answer two')
  await chat.finish()
  const ofAnswer = chat.answers.getByRole('group', { name: 'Versions of this message' })
  await expect(ofAnswer).toHaveText('2/2')
  await ofAnswer.getByRole('button', { name: 'Previous version' }).click()
  await expect(chat.answers).toContainText('Answer one')
  // On from the first one, then the question anew by the up arrow.
  await chat.exchange('Second', 'Answer three')
  expect(await chat.prompt()).toEqual(['user: First', 'assistant: Answer one', 'user: Second'])
  await chat.field.press('ArrowUp')
  const edit = page.getByRole('textbox', { name: 'Edit message' })
  await expect(edit).toHaveValue('Second')
  await expect(edit).toBeFocused()
  await edit.fill('Second, but better')
  await edit.press('Enter')
  await chat.asked(4)
  expect((await chat.prompt()).at(-1)).toBe('user: Second, but better')
  await chat.text('Answer four')
  await chat.finish()
  await expect(chat.questions).toHaveText([/First/, /Second, but better/])
  const ofQuestion = chat.questions.getByRole('group', { name: 'Versions of this message' })
  await ofQuestion.getByRole('button', { name: 'Previous version' }).click()
  await expect(chat.answers).toHaveText([/Answer one/, /Answer three/])
  await chat.reload()
  await expect(chat.answers).toHaveText([/Answer one/, /Answer three/])
})

test('tells what went wrong and what to do, and tries again in its place', async ({ chat }) => {
  const { page } = chat
  await chat.send('Hello')
  await chat.say({
    type: 'failed',
    error: { from: 'scheduler', code: 'queue-full', message: '64 requests wait already' },
  })
  await expect(page.getByText('Too busy just now')).toBeVisible()
  await expect(page.locator('.problem')).toContainText('64 requests wait already')
  await page.getByRole('button', { name: 'Try again' }).click()
  await chat.asked(2)
  await chat.text('Hi')
  await chat.finish()
  await expect(chat.answers).toHaveCount(1)
  await expect(chat.answers).toContainText('Hi')
  await chat.send('More')
  await chat.say({
    type: 'failed',
    error: { from: 'backend', code: 'out-of-memory', message: 'needs 1.9 GiB' },
  })
  await page.getByRole('button', { name: 'Choose a model' }).click()
  await expect(page.getByRole('combobox', { name: 'Search models' })).toBeFocused()
})

test('folds thinking', async ({ chat }) => {
  const { page } = chat
  await chat.send('Think')
  await chat.lab.evaluate((module) => module.asked().think('First, **the moon**.'))
  await expect(page.getByText('Thinking…')).toBeVisible()
  await chat.text('Tides.')
  await chat.finish()
  await expect(page.getByText('the moon')).toBeHidden()
  await page.getByText('Thoughts').click()
  await expect(page.getByText('the moon')).toBeVisible()
})

test('what a closed page leaves is there, interrupted, and can be gone on with', async ({ chat }) => {
  const { page } = chat
  await chat.send('A long story')
  await chat.text('Once upon a time')
  // Stored within half a second, without any end of it having come.
  await expect
    .poll(() =>
      page.evaluate(async () => {
        const request = indexedDB.open('berth-conversations')
        const database = await new Promise<IDBDatabase>(
          (resolve) => (request.onsuccess = () => resolve(request.result)),
        )
        const all = database.transaction('entries').objectStore('entries').getAll()
        await new Promise((resolve) => (all.onsuccess = resolve))
        database.close()
        return JSON.stringify(all.result).includes('Once upon a time')
      }),
    )
    .toBe(true)
  await chat.reload()
  await expect(chat.answers).toContainText('Once upon a time')
  await expect(page.getByText(/Interrupted: /)).toBeVisible()
  await page.getByRole('button', { name: 'Go on' }).click()
  await chat.asked(1)
  await chat.text(', there was a ship.')
  await chat.finish()
  await expect(chat.answers.locator('.md')).toHaveText('Once upon a time, there was a ship.')
})

test('two tabs on one conversation stay in step, and lose nothing of each other’s', async ({
  chat,
  context,
}) => {
  await chat.send('Hello')
  await chat.text('Hi')
  await expect(chat.answers).toContainText('Hi')
  const other = await context.newPage()
  await other.goto(chat.page.url())
  const second = new FakeChat(other, await labOf(other))
  await expect(second.answers).toContainText('Hi')
  await expect(other.getByText('Being answered in another tab')).toBeVisible()
  await chat.text(' there')
  await expect(second.answers).toContainText('Hi there')
  // The second tab stops what the first one is getting.
  await other.getByRole('button', { name: 'Stop (Escape)' }).click()
  await expect.poll(() => chat.cancelled()).toBe(true)
  await expect(other.getByRole('button', { name: 'Go on' })).toBeVisible()
  // Both write on from the same place, and change different things.
  await second.exchange('From two', 'Answer to two')
  await expect(chat.questions).toHaveText([/Hello/, /From two/])
  await chat.page.getByRole('button', { name: 'Settings of this conversation' }).click()
  await chat.page.getByRole('textbox', { name: 'System prompt' }).fill('Be brief.')
  await chat.page.keyboard.press('Escape')
  await second.exchange('More', 'Yes')
  expect((await second.prompt())[0]).toBe('system: Be brief.')
  await expect(chat.answers.last()).toContainText('Yes')
  await other.close()
})

test('attaches texts and, where the model sees, images; refuses others by name', async ({ chat }) => {
  const { page } = chat
  const files = page.getByLabel('Files to attach')
  await files.setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('the moon') })
  await expect(page.getByText('notes.txt')).toBeVisible()
  await files.setInputFiles({
    name: 'data.bin',
    mimeType: 'application/octet-stream',
    buffer: Buffer.from([0, 1, 2]),
  })
  await expect(page.getByText('data.bin was not attached: it is not a text file.')).toBeVisible()
  const dot = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  )
  await files.setInputFiles({ name: 'dot.png', mimeType: 'image/png', buffer: dot })
  await expect(
    page.getByText('dot.png was not attached: SmolLM2 135M Instruct cannot see images.'),
  ).toBeVisible()
  await page.getByRole('button', { name: /^Model:/ }).click()
  await page.getByRole('option', { name: /LLaVA/ }).click()
  await files.setInputFiles({ name: 'dot.png', mimeType: 'image/png', buffer: dot })
  await expect(page.getByRole('img', { name: 'dot.png' })).toBeVisible()
  await chat.send('What is it?')
  expect(await chat.prompt()).toEqual(['user: File notes.txt:\n```\nthe moon\n```\n\nWhat is it?'])
  expect(
    await chat.lab.evaluate((module) => {
      const { prompt } = module.asked().ask.job
      return prompt.kind === 'messages' ? prompt.messages[0]?.images?.[0]?.length : null
    }),
  ).toBe(dot.length)
  await chat.text('A dot.')
  await chat.finish()
  await chat.reload()
  await expect(page.getByRole('img', { name: 'dot.png' })).toBeVisible()
})

test('the picker is searched and used by keyboard, and says what fits and why', async ({ chat }) => {
  const { page } = chat
  await page.getByRole('button', { name: /^Model:/ }).focus()
  await page.keyboard.press('Enter')
  const search = page.getByRole('combobox', { name: 'Search models' })
  await expect(search).toBeFocused()
  await expect(page.getByRole('option', { name: /Giant/ })).toContainText('needs 41.2 GiB of 4.0 GiB')
  await expect(page.getByRole('option', { name: /Giant/ })).toHaveAttribute('aria-disabled', 'true')
  await search.fill('giant')
  await page.keyboard.press('Enter')
  await expect(search).toBeVisible()
  await search.fill('qwen')
  await expect(page.getByRole('option')).toHaveCount(1)
  await expect(page.getByRole('option')).toContainText('2.3 GiB to download')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('button', { name: 'Model: Qwen3 4B' })).toBeFocused()
  await page.keyboard.press('Enter')
  await page.getByRole('radio', { name: 'Server' }).check()
  await page.keyboard.press('Escape')
  await chat.send('Hello')
  expect(await chat.lab.evaluate((module) => [module.asked().ask.model, module.asked().ask.where])).toEqual([
    'qwen',
    'server',
  ])
})

test('settings of a conversation are its own, checked, and kept as presets', async ({ chat }) => {
  const { page } = chat
  await page.getByRole('button', { name: 'Settings of this conversation' }).click()
  await page.getByRole('combobox', { name: 'Preset' }).selectOption('Precise')
  await page.getByRole('textbox', { name: 'Top-k' }).fill('many')
  await expect(page.getByText('Top-k is a whole number from 0 to 1000, not "many".')).toBeVisible()
  await page.getByRole('textbox', { name: 'Top-k' }).fill('7')
  await page.getByRole('textbox', { name: 'Context length' }).fill('2048')
  await page.getByRole('textbox', { name: 'Keep these as a preset' }).fill('Mine')
  await page.getByRole('button', { name: 'Keep', exact: true }).click()
  await expect(page.getByRole('combobox', { name: 'Preset' })).toHaveValue('Mine')
  await page.getByRole('button', { name: 'Close' }).click()
  await chat.exchange('Hello', 'Hi')
  expect(
    await chat.lab.evaluate((module) => [module.asked().ask.job.sampling, module.asked().ask.wish]),
  ).toEqual([{ temperature: 0.2, topP: 0.9, topK: 7 }, { contextLength: 2_048 }])
  await page.getByRole('button', { name: 'New chat' }).click()
  await page.getByRole('button', { name: 'Settings of this conversation' }).click()
  await expect(page.getByRole('combobox', { name: 'Preset' })).toHaveValue('Balanced')
  await page.getByRole('combobox', { name: 'Preset' }).selectOption('Mine')
  await expect(page.getByRole('textbox', { name: 'Top-k' })).toHaveValue('7')
  await expect(page.getByRole('textbox', { name: 'Context length' })).toHaveValue('')
})

test('a conversation of 5,000 messages renders what is near, wherever one is', async ({ chat }) => {
  const { page } = chat
  await chat.lab.evaluate((module) =>
    module.store(
      'long',
      'Long',
      Array.from({ length: 5_000 }, (_, index) => `Message ${index + 1}\n\n${'words '.repeat(index % 90)}`),
    ),
  )
  await chat.reload()
  await page.getByRole('link', { name: 'Long' }).click()
  const messages = page.locator('.message')
  await expect(messages.last()).toContainText('Message 5000')
  expect(await messages.count()).toBeLessThan(80)
  const scroller = page.getByRole('region', { name: 'Messages' })
  // Halfway, by the scroll bar: something is there, and it stays where it is.
  await scroller.evaluate((element) => (element.scrollTop = element.scrollHeight / 2))
  await expect.poll(() => messages.first().getAttribute('aria-posinset').then(Number)).toBeLessThan(3_500)
  await expect(page.getByRole('button', { name: 'To the end' })).toBeVisible()
  expect(await messages.count()).toBeLessThan(80)
  await expect
    .poll(() =>
      scroller.evaluate((element) => {
        const { top, bottom } = element.getBoundingClientRect()
        return [...element.querySelectorAll('.message')].some((one) => {
          const box = one.getBoundingClientRect()
          return box.top < bottom && box.bottom > top
        })
      }),
    )
    .toBe(true)
  await scroller.evaluate((element) => (element.scrollTop = 0))
  await expect(messages.first()).toContainText('Message 1')
  await page.getByRole('button', { name: 'To the end' }).click()
  await expect(messages.last()).toContainText('Message 5000')
  await expect
    .poll(() =>
      scroller.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight),
    )
    .toBeLessThan(2)
})

test('follows the end of an answer until one scrolls up', async ({ chat }) => {
  const { page } = chat
  await chat.send('Tell me')
  const scroller = page.getByRole('region', { name: 'Messages' })
  const left = () =>
    scroller.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight)
  for (let part = 0; part < 40; part += 1) await chat.text(`Paragraph ${part}\n\n`)
  await expect(chat.answers).toContainText('Paragraph 39')
  await expect.poll(left).toBeLessThan(2)
  await scroller.hover()
  await page.mouse.wheel(0, -300)
  await expect(page.getByRole('button', { name: 'To the end' })).toBeVisible()
  const top = await scroller.evaluate((element) => element.scrollTop)
  for (let part = 40; part < 60; part += 1) await chat.text(`Paragraph ${part}\n\n`)
  await expect(chat.answers).toContainText('Paragraph 59')
  expect(Math.abs((await scroller.evaluate((element) => element.scrollTop)) - top)).toBeLessThan(2)
  await page.getByRole('button', { name: 'To the end' }).click()
  await expect.poll(left).toBeLessThan(2)
  await chat.text('The end.')
  await expect.poll(left).toBeLessThan(2)
})
