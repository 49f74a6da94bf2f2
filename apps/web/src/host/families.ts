/** What a model's name tells, whichever list it is from. */
export interface NameFacts {
  /** As people know it: without engine, quantization and publisher. */
  readonly name: string
  /** The same for the same model under the names of different lists; for comparing, not for people. */
  readonly family: string
  readonly quantization: string | null
  readonly parameters: number | null
}

/** The last one: "BF16-q4f16_1" are the weights it was made from, and then what it is. */
const QUANTIZATION =
  /(?:^|[-_.:])(?!.*[-_.:]q\d+f\d)(q\d+f\d+(?:_\d+)?|i?q\d+(?:_[a-z0-9]+)*|f16|f32|bf16|fp16)(?=$|[-_.])/i
const SIZE = /(?:^|[-_.:x ])(\d+(?:\.\d+)?)\s*([bm])(?=$|[-_.: ])/i
const TUNED = /^(instruct|chat|it|inst)$/

/**
 * Reads a model's name as lists spell it: "SmolLM2-135M-Instruct-q4f16_1-MLC", "smollm2:135m",
 * "bartowski/SmolLM2-135M-Instruct-GGUF/SmolLM2-135M-Instruct-Q4_K_M.gguf". A family is the name's letters and
 * digits without case, without what says "instruct" (the lists that leave it out mean the instructed one; a base
 * model says so), and without the quantization: "smollm2135m".
 * @param parameters where they are known otherwise: "smollm2:latest" is of the family of 135 million then.
 */
export function nameFacts(spelled: string, parameters: number | null = null): NameFacts {
  const last = spelled.split('/').at(-1) ?? spelled
  const bare = last
    .replace(/\.gguf$/i, '')
    .replace(/-\d{5}-of-\d{5}$/i, '')
    .replace(/-MLC(-\w+)?$/i, '')
    .replace(/:latest$/i, '')
  const quantization = QUANTIZATION.exec(bare)?.[1] ?? null
  const name = (quantization === null ? bare : bare.replace(QUANTIZATION, '')).replace(/[-_.:]+$/, '')
  const size = SIZE.exec(name)
  const words = name
    .toLowerCase()
    .split(/[-_:\s]+/)
    .filter((word) => !TUNED.test(word))
  if (size === null && parameters !== null) words.push(sizeWord(parameters))
  return {
    name,
    family: words.join(''),
    quantization,
    parameters: size ? Math.round(Number(size[1]) * (size[2]?.toLowerCase() === 'b' ? 1e9 : 1e6)) : null,
  }
}

/** As names give it: "135m", "1.7b", "8b". */
function sizeWord(parameters: number): string {
  if (parameters < 950e6) return `${Math.round(parameters / 1e6)}m`
  return `${Number((parameters / 1e9).toFixed(parameters < 9.5e9 ? 1 : 0))}b`
}
