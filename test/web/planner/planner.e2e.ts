import type { Page } from '@playwright/test'
import { randomGguf } from '../../models/index.js'
import { expect, test } from '../fixtures/index.js'
import { violations } from '../shell/axe.js'

const cardOf = (page: Page, name: string) =>
  page.getByRole('listitem').filter({ has: page.getByRole('heading', { level: 3, name, exact: true }) })

/** How a model's card judges it. */
async function verdicts(page: Page): Promise<readonly string[]> {
  return await page.getByRole('region', { name: 'Models' }).locator('.planner-card .badge').allTextContents()
}

/** Moves a slider to a value by its words. */
async function slide(page: Page, name: string, to: string): Promise<void> {
  const slider = page.getByRole('slider', { name })
  await slider.press('Home')
  for (let step = 0; step < 20; step++) {
    if ((await slider.getAttribute('aria-valuetext')) === to) return
    await slider.press('ArrowRight')
  }
  throw new Error(`${name} has no ${to}`)
}

test.describe('what fits', () => {
  test('the five models of the calculator, on its machine, and what sliders change', async ({
    open,
    page,
  }) => {
    await open('/#/planner')
    await expect(page.getByRole('heading', { level: 3 })).toHaveText([
      'Qwen3-4B',
      'Llama-3-8B',
      'Qwen3-8B',
      'Qwen3-14B',
      'Llama-3-70B',
    ])
    expect(await verdicts(page)).toEqual([
      'Fits in the GPU',
      'Fits in the GPU',
      'Fits in the GPU',
      'Over VRAM: GPU and CPU',
      'Too large: cannot be loaded',
    ])
    const llama = cardOf(page, 'Llama-3-8B')
    await expect(llama).toContainText('Weights 4.6 GB')
    await expect(llama).toContainText('All 33 layers fit on the GPU.')
    await expect(cardOf(page, 'Qwen3-14B')).toContainText(/\d+ of 41 layers fit on the GPU/)
    await expect(cardOf(page, 'Llama-3-70B')).toContainText(
      /A tighter quantization of the model fits: 2\.\d bits/,
    )
    // Its figures are not the ones that are often quoted, and that is said.
    await page.getByText('How this is reckoned').click()
    await expect(page.getByText(/the formula that is often quoted/i)).toBeVisible()

    await slide(page, 'VRAM', '4 GB')
    await expect
      .poll(() => verdicts(page))
      .toEqual([
        'Fits in the GPU',
        'Over VRAM: GPU and CPU',
        'Over VRAM: GPU and CPU',
        'Over VRAM: GPU and CPU',
        'Too large: cannot be loaded',
      ])
    await slide(page, 'VRAM', '48 GB')
    await expect.poll(async () => new Set(await verdicts(page))).toEqual(new Set(['Fits in the GPU']))
    await slide(page, 'VRAM', '8 GB')
    await slide(page, 'Context of a slot', '8K tokens')
    await slide(page, 'Slots', '8 at a time')
    await expect.poll(async () => (await verdicts(page))[1]).toBe('Over VRAM: GPU and CPU')
    await expect(llama).toContainText(/Most slots\s*\d+ at a time; \d without leaving the GPU/)
    await llama.getByText('Settings to copy').click()
    await expect(llama).toContainText(
      'berth serve --context-length 8192 --num-parallel 8 --kv-cache-type f16',
    )
  })

  test('a shared address opens the same elsewhere, and one that is broken still opens', async ({
    open,
    page,
    context,
  }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await open('/#/planner')
    await page.getByLabel('Machine', { exact: true }).selectOption('RTX 4090, 24 GB, and 64 GB of RAM')
    await page.getByRole('radio', { name: 'All at once' }).check()
    await page.getByLabel('KV cache').selectOption('q8_0')
    await page.getByRole('button', { name: 'Remove Llama-3-70B' }).click()
    await page.getByRole('button', { name: 'Copy a link to this' }).click()
    const link = await page.evaluate(() => navigator.clipboard.readText())
    // The address of the page is true too, as soon as nothing has changed for a moment.
    await expect.poll(() => page.url()).toBe(link)

    const other = await context.newPage()
    await other.goto(link)
    await expect(other.getByRole('heading', { level: 3 })).toHaveCount(4)
    await expect(other.getByLabel('KV cache')).toHaveValue('q8_0')
    await expect(other.getByRole('radio', { name: 'All at once' })).toBeChecked()
    expect(await verdicts(other)).toEqual(await verdicts(page))

    await other.evaluate(() => (location.hash = '#/planner?v=7&m=known:qwen3-8b&m=known:what&ctx=lots'))
    const notice = other.getByRole('alert').filter({ hasText: 'another version of the planner' })
    await expect(notice.getByRole('listitem')).toHaveCount(3)
    await expect(notice).toContainText('The link says m=known:what: expected a model')
    await expect(other.getByRole('heading', { level: 3 })).toHaveText(['Qwen3-8B'])
    await notice.getByRole('button', { name: 'Dismiss' }).click()
    await expect(notice).toBeHidden()

    await other.evaluate(() => (location.hash = '#/planner?v=1&tab=what-if&example=nothing&box=toaster'))
    await expect(
      other.getByText('There is no example called “nothing”: choose one of the list.'),
    ).toBeVisible()
    await expect(other.getByText('There is no machine called “toaster”')).toBeVisible()
  })

  test('models of a server, by address and by numbers, on a server’s machine', async ({
    open,
    page,
    serve,
  }) => {
    const files = await serve({ '/tiny.gguf': await randomGguf({ layers: 3, seed: 5 }) })
    await open('/#/planner?v=1&m=none')
    await page.getByLabel('Machine', { exact: true }).selectOption('The machine of this server')
    await expect(
      page.getByText(/For models: [\d.]+ GB on RAM\. With nothing of its own loaded\./),
    ).toBeVisible()
    const dialog = page.getByRole('dialog')
    const add = page.getByRole('button', { name: 'Add a model' })

    await add.click()
    await dialog.getByRole('button', { name: /^smollm2:latest this server/ }).click()
    await expect(cardOf(page, 'smollm2:latest')).toContainText('the CPU computes, for there is no GPU', {
      ignoreCase: true,
    })

    await add.click()
    await dialog.getByRole('radio', { name: 'GGUF address' }).check()
    await dialog.getByLabel('Address of a GGUF file').fill('tiny.gguf')
    await dialog.getByRole('button', { name: 'Add', exact: true }).click()
    await expect(dialog.getByText(/expected an address such as/)).toBeVisible()
    await dialog.getByLabel('Address of a GGUF file').fill(`${files.url}/tiny.gguf`)
    await dialog.getByRole('button', { name: 'Add', exact: true }).click()
    await expect(page.getByText('GGUF, llama')).toBeVisible()

    await add.click()
    await dialog.getByRole('radio', { name: 'By numbers' }).check()
    await dialog.getByLabel('Name').fill('Mine')
    await dialog.getByLabel('Layers').fill('0')
    await dialog.getByRole('button', { name: 'Add', exact: true }).click()
    await expect(dialog.getByText('Expected layers to be a whole number from 1 to 4096, got 0')).toBeVisible()
    await dialog.getByLabel('Layers').fill('40')
    await dialog.getByRole('button', { name: 'Add', exact: true }).click()
    await expect(cardOf(page, 'Mine').locator('.badge')).toHaveText('Fits, on the CPU')

    // A link does not choose whom this browser calls.
    const elsewhere = await serve({ '/tiny.gguf': await randomGguf({ layers: 3, seed: 5 }) })
    await page.evaluate((url) => (location.hash = `#/planner?v=1&m=gguf:${url}/tiny.gguf`), elsewhere.url)
    await expect(page.getByText(`${elsewhere.url}, which is not among your servers.`)).toBeVisible()
    expect(elsewhere.requests).toEqual([])
    await page.getByRole('button', { name: 'Ask it' }).click()
    await expect(page.getByText('GGUF, llama')).toBeVisible()
  })
})

test.describe('what if', () => {
  test('steps through the nine seconds of two models and three users, by the keyboard', async ({
    open,
    page,
  }) => {
    await open('/#/planner')
    await page.getByRole('radio', { name: 'What if' }).check()
    const scrubber = page.getByRole('slider', { name: 'Decision' })
    const column = page.getByRole('region', { name: 'fair · lru · preempts' })
    const stateOf = (model: string) =>
      column
        .getByRole('listitem')
        .filter({ has: page.getByRole('heading', { name: model }) })
        .getByRole('img')
    const steps = [
      ['0.0 s', 'Load llama3-8b', /not loaded: all 33 layers fit on the GPU/, 'loading', 'idle', '7.0 GB'],
      ['1.0 s', 'Infer llama3-8b for A', /is loaded, slot 1 of 1/, 'busy', 'idle', '7.0 GB'],
      ['2.5 s', 'Done llama3-8b for A', /an answer of 101 tokens/, 'ready', 'idle', '7.0 GB'],
      ['3.0 s', 'Load qwen3-8b', /not loaded: all 33 layers fit on the GPU/, 'ready', 'loading', '14.0 GB'],
      ['4.0 s', 'Infer qwen3-8b for B', /is loaded, slot 1 of 1/, 'ready', 'busy', '14.0 GB'],
      ['5.0 s', 'Done qwen3-8b for B', /an answer/, 'ready', 'ready', '14.0 GB'],
      ['6.0 s', 'Reuse llama3-8b for C', /llama3-8b is loaded/, 'busy', 'ready', '14.0 GB'],
      ['7.0 s', 'Infer llama3-8b for C', /its prompt has been read/, 'busy', 'ready', '14.0 GB'],
      ['8.0 s', 'Done llama3-8b for C', /an answer/, 'ready', 'ready', '14.0 GB'],
      ['9.0 s', 'Unload qwen3-8b', /its keep-alive of 4\.0 s is over/, 'ready', 'idle', '7.0 GB'],
    ] as const
    await expect(scrubber).toHaveAttribute('max', String(steps.length - 1))
    await scrubber.focus()
    for (const [time, title, why, llama, qwen, memory] of steps) {
      await expect(scrubber).toHaveAttribute('aria-valuetext', `${time}: ${title}`)
      await expect(column).toContainText(why)
      await expect(stateOf('llama3-8b')).toHaveAccessibleName(`State: ${llama}`)
      await expect(stateOf('qwen3-8b')).toHaveAccessibleName(`State: ${qwen}`)
      await expect(column).toContainText(`${memory} of 16.0 GB`)
      await scrubber.press('ArrowRight')
    }
    // With room for one of them, the second throws the first out, and it comes back.
    await page.getByLabel('Example').selectOption('The same in 8 GB')
    await expect(scrubber).toHaveAttribute('aria-valuetext', '0.0 s: Load llama3-8b')
    for (const title of [
      /^3\.0 s: (?=.*Evict llama3-8b)(?=.*Load qwen3-8b)/,
      /^6\.0 s: (?=.*Evict qwen3-8b)(?=.*Load llama3-8b)/,
    ]) {
      await expect(async () => {
        await scrubber.press('ArrowRight')
        expect(await scrubber.getAttribute('aria-valuetext')).toMatch(title)
      }).toPass()
    }
    await expect(column).toContainText('least recently used')
  })

  test('holds two policies against each other; the address has it all; a trace of one’s own', async ({
    open,
    page,
    context,
  }) => {
    await open('/#/planner?v=1&tab=what-if&example=greedy&p=fifo,lru,preempt&p=fair,lru,preempt&step=12')
    const figures = page.getByRole('region', { name: 'Key figures' })
    await expect(figures.getByRole('columnheader')).toHaveCount(3)
    await expect(
      figures
        .getByRole('row', { name: /^First token, modest/ })
        .getByRole('cell')
        .nth(1),
    ).toContainText('(best)')
    await expect(page.getByRole('region', { name: 'fifo · lru · preempts' })).toContainText(/Waiting: \d+/)
    await expect(page.getByRole('slider', { name: 'Decision' })).toHaveValue('12')

    await page.getByLabel('Order of Policy 1').selectOption('shortest: the least work first')
    await page.getByRole('button', { name: 'Next decision' }).click()
    await expect(page.getByRole('region', { name: 'shortest · lru · preempts' })).toBeVisible()
    await expect.poll(() => page.url()).toContain('p=shortest,lru,preempt&p=fair,lru,preempt&step=13')
    const other = await context.newPage()
    await other.goto(page.url())
    await expect(other.getByRole('slider', { name: 'Decision' })).toHaveValue('13')
    await other.close()

    const lines = [
      { type: 'trace', version: 1 },
      { type: 'model', model: 'mine', bytes: 1e9, shape: { layers: 8, kvBytesPerToken: 1000 } },
      { type: 'request', at: 0, model: 'mine', client: 'me', promptTokens: 10, outputTokens: 5 },
    ]
    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: 'Your own trace' }).click()
    await dialog.getByLabel('Or its lines').fill('{"type":"trace","version":1}\n{"type":"request"}')
    await dialog.getByRole('button', { name: 'Simulate' }).click()
    await expect(page.getByRole('alert').first()).toContainText(/line 2/i)
    await page.getByRole('button', { name: 'Your own trace' }).click()
    await dialog.getByLabel('A file').setInputFiles({
      name: 'mine.jsonl',
      mimeType: 'application/jsonl',
      buffer: Buffer.from(lines.map((line) => JSON.stringify(line)).join('\n')),
    })
    await expect(page.getByText(/^Your own trace, on .*RTX 4090/)).toBeVisible()
    await expect(page.getByRole('slider', { name: 'Decision' })).toHaveAttribute(
      'aria-valuetext',
      /Load mine/,
    )
  })
})

test('at 360 pixels, in both themes, nothing is cut off and axe finds nothing', async ({ open, page }) => {
  await page.setViewportSize({ width: 360, height: 740 })
  await open('/#/planner')
  const tabs = [
    ['', page.getByRole('heading', { name: 'Llama-3-70B' })],
    [
      '?v=1&tab=what-if&example=batch&p=fair,lru&p=fair,lru,preempt&step=20',
      page.getByText('Decided now').first(),
    ],
  ] as const
  for (const [query, there] of tabs) {
    await page.evaluate((to) => (location.hash = `#/planner${to}`), query)
    await expect(there).toBeVisible()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
    const wide = await page
      .locator('.planner')
      .evaluate((planner) => planner.scrollWidth > planner.clientWidth)
    expect(wide).toBe(false)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      expect(await violations(page)).toEqual([])
    }
  }
})
