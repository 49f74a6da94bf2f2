import { BackendError } from '@berth/scheduler'

/**
 * A whole file from its address.
 * @param onBytes told how many bytes came since it was told last.
 * @throws BackendError that names the file: `bad-model` where its server does not have it or does not give it,
 *   `lost` where no whole answer came, `aborted` when the signal was raised.
 */
export async function fetchBytes(
  url: string,
  signal?: AbortSignal,
  onBytes?: (bytes: number) => void,
): Promise<ArrayBuffer> {
  try {
    const response = await fetch(url, signal === undefined ? {} : { signal })
    if (!response.ok) throw refused(url, response)
    if (onBytes === undefined || response.body === null) return await response.arrayBuffer()
    const counted = response.body.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform(chunk, controller) {
          onBytes(chunk.byteLength)
          controller.enqueue(chunk)
        },
      }),
    )
    return await new Response(counted).arrayBuffer()
  } catch (error) {
    if (error instanceof BackendError) throw error
    if (signal?.aborted === true)
      throw new BackendError('aborted', `called off while fetching ${url}`, { cause: error })
    const why = error instanceof Error ? error.message : String(error)
    throw new BackendError('lost', `cannot fetch ${url}: ${why}`, { cause: error })
  }
}

/** A server in trouble says nothing about the model. */
function refused(url: string, { status, statusText }: Response): BackendError {
  const passing = status === 408 || status === 429 || status >= 500
  const said = `${status}${statusText === '' ? '' : ` ${statusText}`}`
  return new BackendError(passing ? 'lost' : 'bad-model', `cannot fetch ${url}: its server answers ${said}`)
}
