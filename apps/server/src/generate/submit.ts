import type { ClientLimits, RequestClass, SchedulerRequest, SignalLike, Ticket } from '@berth/scheduler'
import { Answer } from './answer.js'
import type { EmbedAsk, GenerateAsk } from './ask.js'
import { prepareEmbed, prepareGenerate, prepareLoad, type Prepared } from './prepare.js'
import { servedModel, type ModelSource } from './served-models.js'

/** Who asks. */
export interface Caller {
  /** The name of an API key, else an address. */
  readonly client: string
  readonly class: RequestClass
  readonly limits: ClientLimits
  /** Raised when the caller went away. */
  readonly signal: SignalLike
  /** Lets a request in; the caller's own id goes with it into the log. */
  readonly submit: (request: SchedulerRequest) => Ticket
  readonly warn: (message: string) => void
  /** Tokens of context that a model is loaded with where nobody says more. */
  readonly contextLength: number
}

/** Asks for text. Resolves as soon as the request is let in. */
export async function generate(
  models: ModelSource,
  name: string,
  ask: GenerateAsk,
  caller: Caller,
): Promise<Answer> {
  const prepared = prepareGenerate(ask, await servedModel(models, name), caller.contextLength)
  return submit(prepared, caller, ask.think !== false)
}

/** Asks for vectors. */
export async function embed(
  models: ModelSource,
  name: string,
  ask: EmbedAsk,
  caller: Caller,
): Promise<Answer> {
  return submit(prepareEmbed(ask, await servedModel(models, name)), caller)
}

/** Has the model loaded, and resolves when it is ready. */
export async function load(
  models: ModelSource,
  name: string,
  ask: Pick<GenerateAsk, 'options' | 'keepAliveMs' | 'think'>,
  purpose: 'generate' | 'embed',
  caller: Caller,
): Promise<Answer> {
  const answer = submit(prepareLoad(ask, await servedModel(models, name), purpose), caller)
  await answer.all()
  return answer
}

function submit({ request, warnings }: Prepared, caller: Caller, withThinking = true): Answer {
  for (const warning of warnings) caller.warn(warning)
  const { client, class: requestClass, limits } = caller
  const ticket = caller.submit({ ...request, client, class: requestClass, limits })
  return new Answer(ticket, caller.signal, withThinking)
}
