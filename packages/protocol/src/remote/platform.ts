import type { SignalLike } from '@berth/scheduler'

/*
 * What this room needs of the web's platform. Browsers, workers and Node have it alike; the package's compiler
 * knows none of them, so it is declared here, and nowhere else.
 */

/** The platform's own AbortSignal where there is a platform, as `fetch` will take no other. */
export type PlatformSignal = typeof globalThis extends { AbortSignal: { prototype: infer Signal } }
  ? Signal
  : SignalLike

export interface FetchInit {
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: PlatformSignal
}

/** The part of a Response that is used. */
export interface FetchResponse {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: BodyStream | null
}

export interface BodyStream {
  getReader(): BodyReader
}

interface BodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>
  cancel(reason?: unknown): Promise<void>
}

/** The platform's fetch is one. */
export type FetchLike = (url: string, init: FetchInit) => Promise<FetchResponse>

interface PlatformAbort {
  readonly signal: PlatformSignal
  abort(reason?: unknown): void
}

declare const AbortController: new () => PlatformAbort
declare const TextDecoder: new () => {
  decode(bytes?: Uint8Array, options?: { readonly stream: boolean }): string
}
declare const TextEncoder: new () => { encode(text: string): Uint8Array }

export const newAbort = (): PlatformAbort => new AbortController()

export const utf8 = (text: string): readonly number[] => Array.from(new TextEncoder().encode(text))

/**
 * A body's text as it comes. Leaving early lets the connection go.
 * @param arrived is called with every chunk, be there text in it or not.
 */
export async function* textChunks(
  body: BodyStream,
  arrived: () => void = () => undefined,
): AsyncGenerator<string, void, void> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let whole = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      whole = done
      if (done) break
      arrived()
      const text = decoder.decode(value, { stream: true })
      if (text !== '') yield text
    }
    const rest = decoder.decode()
    if (rest !== '') yield rest
  } finally {
    // A body that broke off has nothing to say to that.
    if (!whole) reader.cancel().catch(() => undefined)
  }
}
