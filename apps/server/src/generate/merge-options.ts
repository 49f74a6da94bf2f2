import { OllamaOptions, explain, unknownOptions } from '@berth/protocol'

/** Ollama's defaults. What is left out of them is the engine's own, or off. */
export const OLLAMA_DEFAULTS: OllamaOptions = {
  num_keep: 4,
  temperature: 0.8,
  top_k: 40,
  top_p: 0.9,
  min_p: 0,
  repeat_last_n: 64,
  repeat_penalty: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
}

/** OpenAI's API has its own idea of what is usual. */
export const OPENAI_DEFAULTS: OllamaOptions = { ...OLLAMA_DEFAULTS, temperature: 1, top_p: 1 }

/** Options that Ollama knows and this engine has no use for, with the value that asks for nothing. */
const WITHOUT_EFFECT: Readonly<Record<string, unknown>> = {
  typical_p: 1,
  tfs_z: 1,
  mirostat: 0,
  num_batch: undefined,
  num_thread: 0,
  main_gpu: 0,
}

export interface MergedOptions {
  readonly options: OllamaOptions
  /** What was passed over, in words. */
  readonly warnings: readonly string[]
}

/**
 * The family's defaults, over them the model's own parameters, over them the request's. A model's parameter
 * of the wrong type is passed over with a warning: its user cannot mend it from here.
 */
export function mergeOptions(
  defaults: OllamaOptions,
  ofModel: Readonly<Record<string, unknown>>,
  ofRequest: OllamaOptions,
): MergedOptions {
  const model = modelParameters(ofModel)
  const warnings = [
    ...model.warnings,
    ...unknownOptions(ofRequest).map((name) => `options.${name}: no such option, ignored`),
    ...Object.entries(WITHOUT_EFFECT)
      .filter(([name, neutral]) => ofRequest[name] !== undefined && ofRequest[name] !== neutral)
      .map(([name]) => `options.${name}: has no effect here, ignored`),
  ]
  return { options: { ...defaults, ...given(model.options), ...given(ofRequest) }, warnings }
}

function modelParameters(parameters: Readonly<Record<string, unknown>>): MergedOptions {
  const parsed = OllamaOptions.safeParse(parameters)
  if (parsed.success) return { options: parsed.data, warnings: [] }
  const bad = new Set(parsed.error.issues.map((issue) => String(issue.path[0])))
  const good = Object.fromEntries(Object.entries(parameters).filter(([name]) => !bad.has(name)))
  return {
    options: OllamaOptions.parse(good),
    warnings: explain(parsed.error, parameters).map(
      ({ message }) => `the model's parameter ${message}, ignored`,
    ),
  }
}

/** Without what is there but undefined, which would hide the layer below. */
const given = (options: OllamaOptions): Partial<OllamaOptions> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
