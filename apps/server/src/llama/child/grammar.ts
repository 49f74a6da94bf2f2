import { grammarSchema } from '@berth/protocol'
import { BackendError, type OutputFormat } from '@berth/scheduler'
import { LlamaGrammarEvaluationState, type Llama, type LlamaGrammar, type LlamaModel } from 'node-llama-cpp'

/** What holds an answer to a form. */
export interface AnswerForm {
  readonly state: LlamaGrammarEvaluationState
  /** JSON may be followed by blank lines for ever; these end it. */
  readonly stop: readonly string[]
}

/** Grammars that were made already, by what they were asked for; making one takes longer than a token. */
const MOST_KEPT = 16

/** Makes grammars of output formats. */
export class Grammars {
  readonly #llama: Llama
  readonly #model: LlamaModel
  readonly #kept = new Map<string, Promise<LlamaGrammar>>()

  constructor(llama: Llama, model: LlamaModel) {
    this.#llama = llama
    this.#model = model
  }

  /** @throws BackendError `bad-job` when the format makes no grammar. */
  async form(format: OutputFormat): Promise<AnswerForm> {
    const key = JSON.stringify(format)
    let grammar = this.#kept.get(key)
    if (grammar === undefined) {
      grammar = this.#make(format)
      const oldest = this.#kept.keys().next().value
      if (this.#kept.size >= MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest)
      this.#kept.set(key, grammar)
    }
    try {
      const state = new LlamaGrammarEvaluationState({ model: this.#model, grammar: await grammar })
      return { state, stop: format.kind === 'gbnf' ? [] : ['\n\n\n\n'] }
    } catch (error) {
      this.#kept.delete(key)
      if (error instanceof BackendError) throw error
      const why = error instanceof Error ? error.message : String(error)
      throw new BackendError('bad-job', `The output format makes no grammar: ${why}`, { cause: error })
    }
  }

  async #make(format: OutputFormat): Promise<LlamaGrammar> {
    switch (format.kind) {
      case 'json':
        return this.#llama.getGrammarFor('json')
      case 'json-schema': {
        const schema = grammarSchema(format.schema)
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its type is for schemas known when compiling
        return this.#llama.createGrammarForJsonSchema(schema as never)
      }
      case 'gbnf':
        return this.#llama.createGrammar({ grammar: format.grammar })
    }
  }
}
