import { tensorBytes } from './ggml-type.js'
import type { GgufTensor } from './gguf-metadata.js'
import type { Bytes } from './units.js'

/**
 * The CPU's abilities by llama.cpp's names, from its system info ("CPU : AVX2 = 1 | REPACK = 1 | …"):
 * all that are not 0.
 */
export function cpuFeaturesOf(systemInfo: string): readonly string[] {
  return [...systemInfo.matchAll(/(\w+) = (\w+)/g)].flatMap(([, name, value]) =>
    name !== undefined && value !== '0' ? [name] : [],
  )
}

/** Type → the features of which all must be there, and the multiple that its rows' count must be of. */
const REPACK: readonly { readonly type: string; readonly needs: readonly string[]; readonly rows: number }[] =
  [
    { type: 'Q4_0', needs: ['AVX2'], rows: 8 },
    { type: 'Q4_K', needs: ['AVX2'], rows: 8 },
    { type: 'Q2_K', needs: ['AVX512'], rows: 8 },
    { type: 'IQ4_NL', needs: ['AVX2'], rows: 8 },
    { type: 'MXFP4', needs: ['AVX2'], rows: 8 },
    { type: 'Q4_0', needs: ['DOTPROD'], rows: 4 },
    { type: 'Q4_K', needs: ['DOTPROD'], rows: 8 },
    { type: 'Q5_K', needs: ['DOTPROD'], rows: 8 },
    { type: 'Q6_K', needs: ['DOTPROD'], rows: 8 },
    { type: 'IQ4_NL', needs: ['DOTPROD'], rows: 4 },
    { type: 'MXFP4', needs: ['DOTPROD'], rows: 4 },
    { type: 'Q8_0', needs: ['DOTPROD'], rows: 4 },
  ]

/** What AMX takes: the multiple that a row's length must be of, and bytes that packing adds to each. */
const AMX: Readonly<Record<string, { readonly row: number; readonly per: number; readonly adds: Bytes }>> = {
  Q4_0: { row: 32, per: 32, adds: 0 },
  Q4_1: { row: 32, per: 32, adds: 0 },
  Q8_0: { row: 32, per: 32, adds: 4 },
  Q4_K: { row: 256, per: 256, adds: 4 },
  Q5_K: { row: 256, per: 256, adds: 4 },
  Q6_K: { row: 256, per: 256, adds: 0 },
  IQ4_XS: { row: 256, per: 256, adds: 2 },
  F16: { row: 16, per: 16, adds: 0 },
}
const AMX_ROWS = 32

/** Weights that are looked up row by row, or scaled by, are never multiplied with and stay as they are. */
const NOT_MULTIPLIED =
  /(_norm|_bias|rope_freqs|rope_factors|ssm_conv1d|ssm_a|ssm_d|shortconv\.conv)\b|\.bias$/

/**
 * How many bytes the CPU backend puts into a buffer of its own for a matrix, arranged for the CPU at hand;
 * 0 where it leaves the matrix as it is. By llama.cpp v0.5.0: `ggml_repack_get_optimal_repack_type` in
 * repack.cpp and, before it, `supports_op` and `get_row_size` of its AMX buffers.
 */
export function repackedBytes(tensor: GgufTensor, features: readonly string[]): Bytes {
  const [row = 1, rows = 1] = tensor.shape
  if (tensor.shape.length < 2 || NOT_MULTIPLIED.test(tensor.name)) return 0
  const amx = AMX[tensor.type]
  if (
    amx &&
    features.includes('AMX_INT8') &&
    tensor.shape.length === 2 &&
    rows % AMX_ROWS === 0 &&
    row % amx.row === 0
  ) {
    return tensorBytes(tensor.type, tensor.shape) + rows * (row / amx.per) * amx.adds
  }
  const repacks =
    features.includes('REPACK') &&
    REPACK.some(
      (rule) =>
        rule.type === tensor.type &&
        rows % rule.rows === 0 &&
        rule.needs.every((need) => features.includes(need)),
    )
  return repacks ? tensorBytes(tensor.type, tensor.shape) : 0
}
