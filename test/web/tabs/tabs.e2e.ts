import type { JSHandle, Page } from '@playwright/test'
import { expect, test } from '../fixtures/index.js'
import type * as Module from './lab.js'
import { ScriptedServer } from './scripted-server.js'

const LAB = new URL('lab.ts', import.meta.url)

type Lab = JSHandle<typeof Module>

async function roleOf(lab: Lab): Promise<string> {
  return lab.evaluate((module) => module.role())
}

/** The model of the server that also serves the page. */
async function modelOf(lab: Lab): Promise<string> {
  const found = await lab.evaluateHandle(
    (module) =>
      new Promise<string>((resolve) => {
        const stop = module.host.view.subscribe((view) => {
          const model = view?.models.find(({ place }) => place === 'server')
          if (model) resolve(model.id)
        })
        void stop
      }),
  )
  return (await found.jsonValue()) as string
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
  const first = await openLab<typeof Module>(LAB)
  const scripted = new ScriptedServer(first.server)
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
