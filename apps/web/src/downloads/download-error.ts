/** Why a file could not be fetched. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError'
  /** `again`: another try may do. `never`: it will not, until somebody changes something. */
  readonly hope: 'again' | 'never'

  constructor(hope: 'again' | 'never', message: string, options?: ErrorOptions) {
    super(message, options)
    this.hope = hope
  }
}

export function isQuotaExceeded(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'QuotaExceededError'
}

/** Tries in a row without a single byte, after which a download is given up: about two minutes. */
const MOST_TRIES = 8

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000

/** How long to wait before the next try, after so many in vain; null: no more. */
export function pauseAfter(triesInVain: number): number | null {
  if (triesInVain >= MOST_TRIES) return null
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (triesInVain - 1))
}

/** What an answer's status says about another try; null where it is the file. */
export function refusal(status: number, name: string): DownloadError | null {
  if (status === 200 || status === 206) return null
  const said = `${name}: the server answers ${status}`
  if (status === 408 || status === 425 || status === 429 || status >= 500)
    return new DownloadError('again', said)
  if (status === 401 || status === 403)
    return new DownloadError('never', `${said}: it does not let this page have the file`)
  if (status === 404 || status === 410) return new DownloadError('never', `${said}: the file is not there`)
  return new DownloadError('never', said)
}
