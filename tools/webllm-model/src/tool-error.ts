/** Something that the user can do something about, or has to know: its message is all there is to say. */
export class ToolError extends Error {
  override readonly name: string = 'ToolError'
}

/** No Python on this machine that could build a model. */
export class NoPythonError extends ToolError {
  override readonly name = 'NoPythonError'
}

/** A model that this tool does not build, found before any work. */
export class UnsupportedModelError extends ToolError {
  override readonly name = 'UnsupportedModelError'
}
