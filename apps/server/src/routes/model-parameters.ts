import { explain, OllamaOptions, unknownOptions } from '@berth/protocol'
import { RequestError } from '../generate/index.js'

/**
 * The parameters of a model that is to be made, as they are stored. Here an unknown one is a mistake: nobody
 * would ever hear of it again.
 * @throws RequestError naming what is wrong.
 */
export function checkedParameters(
  parameters: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const [unknown] = unknownOptions(parameters)
  if (unknown !== undefined) {
    throw new RequestError('bad-request', `unknown parameter '${unknown}'`, `parameters.${unknown}`)
  }
  const parsed = OllamaOptions.safeParse(parameters)
  if (!parsed.success) {
    const [bad] = explain(parsed.error, parameters)
    throw new RequestError(
      'bad-request',
      `parameters.${bad?.message ?? 'are not as they should be'}`,
      `parameters.${bad?.field ?? ''}`,
    )
  }
  return parameters
}
