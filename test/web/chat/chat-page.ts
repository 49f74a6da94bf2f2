import type { JSHandle, Locator, Page } from '@playwright/test'
import { expect } from '../fixtures/index.js'
import type { AskEvent } from '../../../apps/web/src/host/index.js'
import type * as Module from './lab.js'

/** The chat over the fake host, as a user and the host have it in their hands. */
export class FakeChat {
  readonly page: Page
  readonly field: Locator
  readonly answers: Locator
  readonly questions: Locator
  #lab: JSHandle<typeof Module>

  constructor(page: Page, lab: JSHandle<typeof Module>) {
    this.page = page
    this.#lab = lab
    this.field = page.getByRole('textbox', { name: 'Message', exact: true })
    this.answers = page.locator('.message-assistant')
    this.questions = page.locator('.message-user')
  }

  get lab(): JSHandle<typeof Module> {
    return this.#lab
  }

  asks(): Promise<number> {
    return this.#lab.evaluate((module) => module.host.asks.length)
  }

  /** Waits until the host has been asked so many times. */
  async asked(times: number): Promise<void> {
    await expect.poll(() => this.asks()).toBe(times)
  }

  async send(text: string): Promise<void> {
    const before = await this.asks()
    await this.field.fill(text)
    await this.field.press('Enter')
    await this.asked(before + 1)
  }

  say(event: AskEvent): Promise<void> {
    return this.#lab.evaluate((module, said) => module.asked().say(said), event)
  }

  text(text: string): Promise<void> {
    return this.#lab.evaluate((module, said) => module.asked().text(said), text)
  }

  finish(reason: 'stop' | 'length' = 'stop'): Promise<void> {
    return this.#lab.evaluate((module, why) => module.asked().finish(why), reason)
  }

  /** Asks and has it answered. */
  async exchange(question: string, answer: string): Promise<void> {
    await this.send(question)
    await this.text(answer)
    await this.finish()
    await expect(this.page.getByRole('button', { name: 'Send', exact: true })).toBeVisible()
  }

  /** What the newest request was asked: roles and texts. */
  prompt(): Promise<string[]> {
    return this.#lab.evaluate((module) => {
      const { prompt } = module.asked().ask.job
      return prompt.kind === 'messages' ? prompt.messages.map((one) => `${one.role}: ${one.content}`) : []
    })
  }

  cancelled(): Promise<boolean> {
    return this.#lab.evaluate((module) => module.asked().cancelled)
  }

  /** Loads the page again, as a user does: what is not stored is gone. */
  async reload(): Promise<void> {
    await this.page.reload()
    this.#lab = await labOf(this.page)
  }
}

/** The lab's module in a page that is loaded. */
export async function labOf(page: Page): Promise<JSHandle<typeof Module>> {
  const lab = await page.waitForFunction(() => Reflect.get(globalThis, 'lab'))
  // Playwright knows of elements and of plain values, and takes a module for neither.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return lab as unknown as JSHandle<typeof Module>
}
