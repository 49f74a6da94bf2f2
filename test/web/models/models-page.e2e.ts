import type { Download } from '../../../apps/web/src/host/index.js'
import { expect, test } from '../fixtures/index.js'
import type * as Module from '../shell/app-lab.js'
import { violations } from '../shell/axe.js'
import { card, view } from './cards.js'

const LAB = new URL('../shell/app-lab.tsx', import.meta.url)

const small = card('small', { name: 'Small 1B', stored: { state: 'stored', bytes: 700e6 } })
const big = card('big', {
  name: 'Big 8B',
  bytes: 5e9,
  license: null,
  fit: { verdict: 'does-not-fit', why: 'needs 6.0 GiB of 4.0 GiB' },
})
const fresh = card('fresh', { name: 'Fresh 2B', capabilities: ['chat', 'tools'], license: 'MIT' })
const remote = card('remote', {
  name: 'Remote 70B',
  place: 'server',
  engine: 'remote',
  from: 'this server',
  fit: { verdict: 'unknown', why: '' },
  stored: { state: 'elsewhere', bytes: 0 },
})
const running: Download = {
  model: 'fresh',
  state: 'running',
  loadedBytes: 350e6,
  totalBytes: 700e6,
  files: { done: 2, of: 5 },
  leftMs: 90_000,
}

test.describe('the models page', () => {
  test.beforeEach(async ({ context }) => {
    await context.addInitScript(() => {
      location.hash = '#/models'
    })
  })

  test('tells what is here from what can be had, and filters', async ({ openLab }) => {
    const { page, lab } = await openLab<typeof Module>(LAB)
    await lab.evaluate((module, shown) => module.start(shown), view([big, fresh, small, remote]))
    const here = page.getByRole('region', { name: 'Here' })
    const toHave = page.getByRole('region', { name: 'To be had' })
    await expect(here.getByRole('heading', { level: 3 })).toHaveText(['Small 1B', 'Remote 70B'])
    await expect(toHave.getByRole('heading', { level: 3 })).toHaveText(['Fresh 2B', 'Big 8B'])
    await expect(toHave).toContainText('needs 6.0 GiB of 4.0 GiB')
    await expect(page.getByRole('button', { name: 'Download Big 8B' })).toBeDisabled()

    await page.getByLabel('Kind').selectOption('Tools')
    await expect(page.getByRole('heading', { level: 3 })).toHaveText(['Fresh 2B'])
    await page.getByRole('button', { name: 'Clear' }).click()
    await page.getByLabel('Licence').selectOption('Not told')
    await expect(page.getByRole('heading', { level: 3 })).toHaveText(['Big 8B'])
    await page.getByLabel('Search models').fill('no such thing')
    await page.getByRole('button', { name: 'Show all' }).click()
    await expect(page.getByRole('heading', { level: 3 })).toHaveCount(4)
    expect(await violations(page)).toEqual([])
  })

  test('downloads, pauses, goes on and cancels', async ({ openLab }) => {
    const { page, lab } = await openLab<typeof Module>(LAB)
    await lab.evaluate((module, shown) => module.start(shown), view([fresh]))
    const calls = () => lab.evaluate((module) => module.takeCalls())
    await page.getByRole('button', { name: 'Download Fresh 2B' }).click()
    expect(await calls()).toEqual([['download', 'fresh']])

    await lab.evaluate((module, shown) => module.show(shown), view([fresh], { downloads: [running] }))
    const bar = page.getByRole('progressbar', { name: 'Download of Fresh 2B' })
    await expect(bar).toHaveAttribute('aria-valuenow', '50')
    await expect(page.getByText('334 MiB of 668 MiB · 2 of 5 files · 2 min left')).toBeVisible()
    await page.getByRole('button', { name: 'Pause the download of Fresh 2B' }).click()
    expect(await calls()).toEqual([['pauseDownload', 'fresh']])

    const paused = { ...running, state: 'paused' } as const
    await lab.evaluate((module, shown) => module.show(shown), view([fresh], { downloads: [paused] }))
    await page.getByRole('button', { name: 'Go on with the download of Fresh 2B' }).click()
    expect(await calls()).toEqual([['download', 'fresh']])

    await page.getByRole('button', { name: 'Cancel the download of Fresh 2B' }).click()
    const question = page.getByRole('dialog', { name: 'Cancel the download?' })
    await question.getByRole('button', { name: 'Cancel' }).click()
    expect(await calls()).toEqual([])
    await page.getByRole('button', { name: 'Cancel the download of Fresh 2B' }).click()
    await question.getByRole('button', { name: 'Throw away' }).click()
    expect(await calls()).toEqual([['cancelDownload', 'fresh']])
  })

  test('shows a full disk with what to free, and what a call failed for', async ({ openLab }) => {
    const { page, lab } = await openLab<typeof Module>(LAB)
    const failed = {
      ...running,
      state: 'failed',
      leftMs: null,
      error: 'The disk is full: 350 MB are missing. Delete Small 1B (700 MB) to make room.',
    } as const
    const full = { usedBytes: 39e9, quotaBytes: 40e9, persistent: true }
    await lab.evaluate(
      (module, shown) => module.start(shown),
      view([fresh, small], { downloads: [failed], storage: full }),
    )
    await expect(page.getByRole('alert').filter({ hasText: 'Delete Small 1B' })).toBeVisible()
    await expect(page.getByRole('meter', { name: 'Storage used' })).toHaveAttribute('aria-valuenow', '98')
    await expect(page.getByText('Nearly full')).toBeVisible()
    expect(await violations(page)).toEqual([])
    await lab.evaluate((module) => module.fail('download', 'There is still no room.'))
    await page.getByRole('button', { name: 'Try the download of Fresh 2B again' }).click()
    await expect(page.getByRole('log', { name: 'Notices' })).toContainText('There is still no room.')
  })

  test('deletes only when asked twice, by keyboard alone', async ({ openLab }) => {
    const { page, lab } = await openLab<typeof Module>(LAB)
    await lab.evaluate((module, shown) => module.start(shown), view([small]))
    const menu = page.getByRole('button', { name: 'Actions for Small 1B' })
    await menu.focus()
    await page.keyboard.press('Enter')
    await expect(page.getByRole('menuitem', { name: 'Load now' })).toBeFocused()
    await page.keyboard.press('Escape')
    await expect(menu).toBeFocused()
    for (const answer of ['Cancel', 'Delete']) {
      await menu.press('ArrowUp')
      await expect(page.getByRole('menuitem', { name: 'Delete' })).toBeFocused()
      await page.keyboard.press('Enter')
      const question = page.getByRole('dialog', { name: 'Delete Small 1B?' })
      await expect(question).toContainText('frees 668 MiB')
      await question.getByRole('button', { name: answer, exact: true }).press('Enter')
      await expect(question).toBeHidden()
      const made = await lab.evaluate((module) => module.takeCalls())
      expect(made).toEqual(answer === 'Delete' ? [['deleteModel', 'small']] : [])
    }
  })

  test('shows what is loaded, lets it go and keeps it', async ({ openLab }) => {
    const { page, lab } = await openLab<typeof Module>(LAB)
    await lab.evaluate((module, shown) => module.start(shown), view([small]))
    await lab.evaluate((module) => {
      const runner = { runner: 'r1', model: 'small', purpose: 'generate' } as const
      const events = [
        { type: 'state', ...runner, from: 'idle', to: 'loading', why: 'asked for' },
        { type: 'measured', ...runner, estimated: [], bytes: [{ device: 'gpu', bytes: 2 ** 30 }] },
        { type: 'state', ...runner, from: 'loading', to: 'ready', why: 'loaded' },
      ] as const
      module.tell({ type: 'events', events: events.map((event, at) => ({ seq: at + 1, at, ...event })) })
    })
    const loaded = page.getByRole('region', { name: 'Loaded now' })
    await expect(loaded).toContainText('1.0 GiB of memory')
    await loaded.getByRole('button', { name: 'Keep Small 1B loaded' }).click()
    await loaded.getByRole('button', { name: 'Unload Small 1B' }).click()
    expect(await lab.evaluate((module) => module.takeCalls())).toEqual([
      ['pin', 'small', true],
      ['unload', 'small'],
    ])
  })

  test('takes a model by its address', async ({ openLab }) => {
    const { page, lab } = await openLab<typeof Module>(LAB)
    await lab.evaluate((module, shown) => module.start(shown), view([small]))
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    await page.getByRole('menuitem', { name: 'A model by its address' }).click()
    const dialog = page.getByRole('dialog', { name: 'Add a model by its address' })
    const address = dialog.getByLabel('Address')
    await address.fill('tiny.gguf')
    await address.press('Enter')
    await expect(dialog.getByRole('alert')).toContainText('“tiny.gguf” is no address')
    await expect(address).toHaveAttribute('aria-invalid', 'true')
    expect(await violations(page)).toEqual([])
    await address.fill('https://models.example/tiny.gguf')
    await address.press('Enter')
    await expect(dialog).toBeHidden()
    expect(await lab.evaluate((module) => module.takeCalls())).toEqual([['settingsChanged']])
    await page.goto(`${page.url().split('#')[0]}#/settings`)
    await expect(page.getByRole('button', { name: 'Remove https://models.example/tiny.gguf' })).toBeVisible()
  })

  test('takes a server, shows how it is, and lets it go', async ({ openLab }) => {
    const { page, lab } = await openLab<typeof Module>(LAB)
    await lab.evaluate((module, shown) => module.start(shown), view([small]))
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    await page.getByRole('menuitem', { name: 'A server' }).click()
    const dialog = page.getByRole('dialog', { name: 'Add a server' })
    await dialog.getByLabel('Address').fill('quay:11434')
    await dialog.getByLabel('Kind').selectOption('Ollama')
    await dialog.getByLabel('Key').fill('secret')
    await dialog.getByRole('button', { name: 'Add', exact: true }).click()
    await expect(dialog).toBeHidden()
    expect(await lab.evaluate((module) => module.takeCalls())).toEqual([['settingsChanged']])
    const servers = page.getByRole('region', { name: 'Servers' })
    await expect(servers).toContainText('Connecting')
    const denied = {
      name: 'quay:11434',
      address: 'http://quay:11434',
      state: 'denied',
      why: 'the key is not known',
    } as const
    await lab.evaluate((module, shown) => module.show(shown), view([small], { servers: [denied] }))
    await expect(servers).toContainText('Key needed')
    await expect(servers).toContainText('the key is not known')
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Actions for quay:11434' }).click()
    await page.getByRole('menuitem', { name: 'Remove' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await expect(servers).toBeHidden()
    expect(await lab.evaluate((module) => module.takeCalls())).toEqual([['settingsChanged']])
  })
})

test.describe('the first run', () => {
  test('recommends a model and is chatting after one click', async ({ openLab }) => {
    const { page, lab } = await openLab<typeof Module>(LAB)
    await lab.evaluate((module, shown) => module.start(shown), view([big, fresh]))
    await expect(page.getByText('Example GPU with 4.0 GiB for models')).toBeVisible()
    await expect(page.getByRole('heading', { name: 'Fresh 2B' })).toBeVisible()
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Download and chat' }).click()
    await lab.evaluate((module, shown) => module.show(shown), view([big, fresh], { downloads: [running] }))
    await expect(page.getByRole('progressbar', { name: 'Download of Fresh 2B' })).toBeVisible()
    expect(await violations(page)).toEqual([])
    const stored = { ...fresh, stored: { state: 'stored', bytes: 700e6 } } as const
    await lab.evaluate((module, shown) => module.show(shown), view([big, stored]))
    await expect(page.getByRole('textbox', { name: /message/i })).toBeFocused()
    const made = await lab.evaluate((module) => module.takeCalls())
    expect(made).toEqual([
      ['download', 'fresh'],
      ['preload', 'fresh'],
    ])
  })

  test('goes on with a download that a reload interrupted', async ({ openLab }) => {
    const { page, lab } = await openLab<typeof Module>(LAB)
    await lab.evaluate((module, shown) => module.start(shown), view([big, fresh], { downloads: [running] }))
    await expect(page.getByRole('progressbar', { name: 'Download of Fresh 2B' })).toBeVisible()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await expect(page.getByRole('button', { name: 'Download and chat' })).toBeVisible()
    expect(await lab.evaluate((module) => module.takeCalls())).toContainEqual(['cancelDownload', 'fresh'])
  })

  test('says why where nothing runs here', async ({ openLab }) => {
    const { page, lab } = await openLab<typeof Module>(LAB)
    await lab.evaluate((module, shown) => module.start(shown), view([big]))
    await expect(page.getByRole('heading', { name: 'No model runs in this browser' })).toBeVisible()
    await expect(page.getByText('Big 8B needs 6.0 GiB of 4.0 GiB')).toBeVisible()
  })

  test('is skipped where the page’s own server has a model', async ({ openLab }) => {
    const { page, lab } = await openLab<typeof Module>(LAB)
    const server = { name: 'this server', address: 'http://127.0.0.1', why: null } as const
    await lab.evaluate(
      (module, shown) => module.start(shown),
      view([fresh], { servers: [{ ...server, state: 'connecting' }] }),
    )
    await expect(page.getByText('Looking for models…')).toBeVisible()
    await lab.evaluate(
      (module, shown) => module.show(shown),
      view([fresh, remote], { servers: [{ ...server, state: 'connected' }] }),
    )
    await expect(page.getByRole('textbox', { name: /message/i })).toBeFocused()
  })
})
