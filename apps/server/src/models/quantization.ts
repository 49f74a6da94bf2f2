/** llama.cpp's `general.file_type` by number (enum llama_ftype in llama.h). */
const FILE_TYPES: Readonly<Record<number, string>> = {
  0: 'F32',
  1: 'F16',
  2: 'Q4_0',
  3: 'Q4_1',
  7: 'Q8_0',
  8: 'Q5_0',
  9: 'Q5_1',
  10: 'Q2_K',
  11: 'Q3_K_S',
  12: 'Q3_K_M',
  13: 'Q3_K_L',
  14: 'Q4_K_S',
  15: 'Q4_K_M',
  16: 'Q5_K_S',
  17: 'Q5_K_M',
  18: 'Q6_K',
  19: 'IQ2_XXS',
  20: 'IQ2_XS',
  21: 'Q2_K_S',
  22: 'IQ3_XS',
  23: 'IQ3_XXS',
  24: 'IQ1_S',
  25: 'IQ4_NL',
  26: 'IQ3_S',
  27: 'IQ3_M',
  28: 'IQ2_S',
  29: 'IQ2_M',
  30: 'IQ4_XS',
  31: 'IQ1_M',
  32: 'BF16',
  36: 'TQ1_0',
  37: 'TQ2_0',
  38: 'MXFP4',
}

/** The quantization's name for a file type's number; `unknown` for one that is not known. */
export function quantizationName(fileType: unknown): string {
  return (typeof fileType === 'number' ? FILE_TYPES[fileType] : undefined) ?? 'unknown'
}

const UNITS = [
  [1e9, 'B', 1],
  [1e6, 'M', 2],
  [1e3, 'K', 0],
] as const

/** A number of parameters as Ollama writes it: 134.52M, 8.0B, 7B. */
export function parameterSize(count: number): string {
  for (const [unit, letter, digits] of UNITS) {
    if (count >= unit) return `${(count / unit).toFixed(count % unit === 0 ? 0 : digits)}${letter}`
  }
  return String(count)
}
