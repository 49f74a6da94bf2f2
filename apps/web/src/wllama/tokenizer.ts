import type { Tokens } from '@berth/budget'
import type { ChatFormat, GgufHead } from '@berth/protocol'
import { BackendError } from '@berth/scheduler'
import type { Engine } from './engine.js'
import { field } from './json.js'

/**
 * Counts tokens. wllama 3 has no call that makes tokens of a text, but llama.cpp refuses an embedding that is too
 * long for its batch, before it computes anything, with its length: so the text goes in behind as many tokens as
 * make it too long. Needs a free slot.
 */
export class Tokenizer {
  readonly format: ChatFormat
  readonly #engine: Engine
  /** More than a batch or a context takes. */
  readonly #padding: readonly number[]

  private constructor(engine: Engine, padding: readonly number[], format: ChatFormat) {
    this.#engine = engine
    this.#padding = padding
    this.format = format
  }

  /** @param tooLong as many tokens as no batch and no context of the engine takes. */
  static async of(engine: Engine, head: GgufHead, tooLong: Tokens): Promise<Tokenizer> {
    const template = head.values['tokenizer.chat_template']
    const format = {
      template: typeof template === 'string' && template !== '' ? template : null,
      bos: head.bos,
      eos: head.eos,
      knowsChatMl: false,
    }
    const padding = Array.from({ length: tooLong }, () => 0)
    const plain = new Tokenizer(engine, padding, format)
    if (format.template !== null) return plain
    const knowsChatMl = (await plain.count('<|im_start|>')) === 1
    return new Tokenizer(engine, padding, { ...format, knowsChatMl })
  }

  /** Tokens of a text; special ones in it are read as such, and none are added. */
  async count(text: string): Promise<Tokens> {
    if (text === '') return 0
    const request = await this.#engine.submit('embedding', { input: [...this.#padding, text] })
    for (;;) {
      const { more, error, value } = await this.#engine.poll(request)
      if (error) {
        const length = /\((\d+) tokens\)/.exec(String(field(value, 'message')))?.[1]
        if (length !== undefined) return Number(length) - this.#padding.length
      }
      if (!more) throw new BackendError('engine', 'The engine did not tell how many tokens a text has')
    }
  }

  /** Tokens of a whole prompt, with those that the engine puts around it. */
  async countPrompt(text: string): Promise<Tokens> {
    return (await this.count(text)) + this.added
  }

  /** Tokens that the engine puts around every text. */
  get added(): Tokens {
    const { addsBegin, addsEnd } = this.#engine.model
    return Number(addsBegin) + Number(addsEnd)
  }

  /** The text as the engine is to have it: a beginning that a template wrote must not be there twice. */
  withoutBegin(text: string): string {
    const { bos } = this.format
    return this.#engine.model.addsBegin && bos !== '' && text.startsWith(bos) ? text.slice(bos.length) : text
  }
}
