import type { JSHandle, Page } from '@playwright/test'
import type { FileServer } from '../fixtures/file-server.js'
import { expect, test, type LabOptions } from '../fixtures/index.js'
import type * as Module from './lab.js'
import { ScriptedServer } from './scripted-server.js'

const LAB = new URL('lab.ts', import.meta.url)

type Lab = JSHandle<typeof Module>

type OpenLab = <Of>(
  module: URL,
  options?: LabOptions,
) => Promise<{ page: Page; lab: JSHandle<Of>; server: FileServer }>

/** A tab whose server is scripted from its first request on: one that answers otherwise is not asked again. */
async function openScripted(openLab: OpenLab, options: LabOptions = {}) {
  const servers: ScriptedServer[] = []
  const opened = await openLab<typeof Module>(LAB, {
    ...options,
    prepare: (server) => void servers.push(new ScriptedServer(server)),
  })
  const [scripted] = servers
  if (scripted === undefined) throw new Error('Expected the lab to have a server')
  return { ...opened, scripted }
}

async function roleOf(lab: Lab): Promise<string> {
  return lab.evaluate((module) => module.role())
}

/** The model of the server that also serves the page, once the host has it in its list. */
async function modelOf(lab: Lab): Promise<string> {
  const found = (): Promise<string> => lab.evaluate((module) => module.modelId('server') ?? '')
  await expect.poll(found).not.toBe('')
  return await found()
}

async function secondTab(page: Page): Promise<{ page: Page; lab: Lab }> {
  const second = await page.context().newPage()
  await second.goto(page.url())
  const lab = await second.waitForFunction(() => Reflect.get(globalThis, 'lab'))
  // Playwright takes a module for no plain value.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { page: second, lab: lab as unknown as Lab }
}

async function answerOf(lab: Lab, id: string) {
  return lab.evaluate((module, name) => module.answer(name), id)
}

test('two tabs have one host: one leads, the other asks it', async ({ openLab }) => {
  const { scripted, ...first } = await openScripted(openLab)
  await expect.poll(() => roleOf(first.lab)).toBe('leading')
  const model = await modelOf(first.lab)
  const second = await secondTab(first.page)
  await expect.poll(() => roleOf(second.lab)).toBe('following')

  await second.lab.evaluate((module, id) => module.ask('from-second', id, 'Who answers?'), model)
  const open = await scripted.next()
  expect(open.question).toBe('Who answers?')
  open.say('The ')
  open.say('host.')
  await expect.poll(async () => (await answerOf(second.lab, 'from-second')).text).toBe('The host.')
  open.finish()
  await expect.poll(async () => (await answerOf(second.lab, 'from-second')).end).toBe('stop')
  expect(first.page.workers().length + second.page.workers().length).toBe(1)
})

test('the leader is closed while a request waits: the other tab takes over and has it answered', async ({
  openLab,
}) => {
  const { scripted, ...first } = await openScripted(openLab)
  await expect.poll(() => roleOf(first.lab)).toBe('leading')
  const model = await modelOf(first.lab)
  const second = await secondTab(first.page)
  await expect.poll(() => roleOf(second.lab)).toBe('following')

  // As many as the server gets at a time begin; one more waits for its turn.
  for (const id of ['a', 'b', 'c', 'd']) {
    await second.lab.evaluate((module, [name, to]) => module.ask(name, to, 'begun'), [id, model] as const)
    const open = await scripted.next()
    open.say('half an answer')
    await expect.poll(async () => (await answerOf(second.lab, id)).text).toBe('half an answer')
  }
  await second.lab.evaluate((module, to) => module.ask('waits', to, 'not begun'), model)
  await expect.poll(() => second.lab.evaluate((module) => module.waitsFor('waits'))).toContain('slots')

  await first.page.close()
  await expect.poll(() => roleOf(second.lab)).toBe('leading')
  const asked = await scripted.next()
  expect(asked.question).toBe('not begun')
  asked.say('by the next host')
  asked.finish()
  await expect
    .poll(() => answerOf(second.lab, 'waits'))
    .toMatchObject({ text: 'by the next host', end: 'stop' })
  expect((await answerOf(second.lab, 'a')).end).toMatch(/^host-gone: /)
  expect(scripted.untaken).toBe(0)
})

test('a leading tab in the background streams as before', async ({ openBrowser, openLab }) => {
  const { context } = await openBrowser()
  const { scripted, ...first } = await openScripted(openLab, { context })
  await expect.poll(() => roleOf(first.lab)).toBe('leading')
  const model = await modelOf(first.lab)
  const second = await secondTab(first.page)
  await second.page.bringToFront()
  await first.page.waitForFunction(() => document.hidden, undefined, { polling: 50 })
  await expect.poll(() => roleOf(second.lab)).toBe('following')

  await second.lab.evaluate((module, to) => module.ask('front', to, 'Stream'), model)
  const open = await scripted.next()
  let said = ''
  for (let word = 0; word < 20; word++) {
    open.say(`${word} `)
    said += `${word} `
    await expect.poll(async () => (await answerOf(second.lab, 'front')).text).toBe(said)
  }
  expect(await first.page.evaluate(() => document.hidden)).toBe(true)
  open.finish()
  await expect.poll(async () => (await answerOf(second.lab, 'front')).end).toBe('stop')
})

test('a tab that is closed takes its requests with it', async ({ openLab }) => {
  const { scripted, ...first } = await openScripted(openLab)
  const model = await modelOf(first.lab)
  const second = await secondTab(first.page)
  await expect.poll(() => roleOf(second.lab)).toBe('following')
  await second.lab.evaluate((module, to) => module.ask('left', to, 'Who listens?'), model)
  const open = await scripted.next()
  await second.page.close()
  await open.closed
  expect(await roleOf(first.lab)).toBe('leading')
})

test('a server goes away in the middle of an answer, and comes back', async ({ openLab, complaints }) => {
  complaints.allow(/Failed to load resource|ERR_/)
  const { lab, scripted, server } = await openScripted(openLab)
  const model = await modelOf(lab)
  await lab.evaluate((module, to) => module.ask('cut', to, 'Go on'), model)
  const open = await scripted.next()
  open.say('so far')
  await expect.poll(async () => (await answerOf(lab, 'cut')).text).toBe('so far')
  scripted.up = false
  server.cut()
  await expect.poll(async () => (await answerOf(lab, 'cut')).end).toMatch(/^(lost|runner-lost): /)
  await expect.poll(() => lab.evaluate((module) => module.serverState())).toBe('unreachable')
  expect((await answerOf(lab, 'cut')).text).toBe('so far')

  scripted.up = true
  await expect.poll(() => lab.evaluate((module) => module.serverState())).toBe('connected')
  await lab.evaluate((module, to) => module.ask('again', to, 'Again'), model)
  const again = await scripted.next()
  again.say('here I am')
  again.finish()
  await expect.poll(() => answerOf(lab, 'again')).toMatchObject({ text: 'here I am', end: 'stop' })
})

test('a request that is none is refused by its field', async ({ openLab }) => {
  const { lab } = await openLab<typeof Module>(LAB)
  await expect.poll(() => roleOf(lab)).toBe('leading')
  await lab.evaluate((module) => module.ask('bad', '', 'To nobody'))
  await expect
    .poll(async () => (await answerOf(lab, 'bad')).end)
    .toBe('bad-ask: Expected `ask.model` to be text of 1 to 1000 characters, got ""')
})
