export { buildWebModel, idOf } from './build.js'
export { libraryKey } from './library.js'
export { Environment, findPython } from './python.js'
export { shapeOf } from './shape.js'
export { assertSupported } from './supported.js'
export { NoPythonError, UnsupportedModelError } from './tool-error.js'

export type { KernelKind } from './library.js'
export type { Quantization } from './shape.js'
