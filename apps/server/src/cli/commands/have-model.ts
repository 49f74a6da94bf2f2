import type { OllamaShowResponse } from '@berth/protocol'
import { CliError } from '../cli-error.js'
import type { CommandContext } from '../command-context.js'
import { isUnknownModel, suggested, withModel } from '../suggest-model.js'
import { pull } from './pull.js'

/**
 * What the server shows of a model. One that is not there is pulled first, as Ollama's `run` does.
 * @param mayPull else it is an error, with the model that may have been meant.
 * @throws CliError
 */
export async function haveModel(
  context: CommandContext,
  model: string,
  mayPull: boolean,
): Promise<OllamaShowResponse> {
  const { client } = context
  const show = async (): Promise<OllamaShowResponse> =>
    await client.json<OllamaShowResponse>('POST', '/api/show', { model })
  if (!mayPull) return await withModel(client, model, show)
  try {
    return await show()
  } catch (error) {
    if (!isUnknownModel(error)) throw error
  }
  try {
    await pull(context, model, { quiet: context.json })
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    const { guess } = await suggested(client, model)
    const help = guess === undefined ? '' : `; did you mean ${guess}?`
    const why = `no such model '${model}', and it could not be pulled: ${error.message}`
    throw new CliError(why + help, undefined, { cause: error })
  }
  return await show()
}
