/** Origins that Ollama lets in as well: pages on this machine, and applications that are no web pages. */
const ALWAYS: readonly string[] = [
  ...['localhost', '127.0.0.1', '0.0.0.0', '[::1]'].flatMap((host) => [
    `http://${host}`,
    `https://${host}`,
    `http://${host}:*`,
    `https://${host}:*`,
  ]),
  'app://*',
  'file://*',
  'tauri://*',
  'vscode-webview://*',
  'vscode-file://*',
]

/** Decides which web pages may call. */
export class Origins {
  readonly #patterns: readonly RegExp[]

  /** @param more origins beside the usual ones; `*` stands for anything. */
  constructor(more: readonly string[]) {
    this.#patterns = [...ALWAYS, ...more].map(patternOf)
  }

  /** @param host the request's own `Host`: a page that the server itself gave may call it. */
  allows(origin: string, host: string): boolean {
    if (/^https?:\/\//.test(origin) && origin.replace(/^https?:\/\//, '') === host) return true
    return this.#patterns.some((pattern) => pattern.test(origin.toLowerCase()))
  }
}

function patternOf(origin: string): RegExp {
  const pattern = origin
    .toLowerCase()
    .replace(/\/$/, '')
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    // In the place of a port, anything is any port.
    .replace(/:\*$/, ':\\d+')
    .replaceAll('*', '.*')
  return new RegExp(`^${pattern}/?$`)
}
