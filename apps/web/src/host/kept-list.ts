import { del, get, set } from 'idb-keyval'

/** A server that says nothing for so long has no list. */
const PATIENCE_MS = 8_000

/**
 * A server's list of models, as it stands; the one it gave last where it does not answer, so that what is in
 * this browser already can be used while the network or the server is gone.
 * @throws where there is neither, and where the server says that it has no list.
 */
export async function listFrom(address: string): Promise<unknown> {
  const key = `list ${address}`
  const kept = async (why: unknown): Promise<unknown> => {
    const last = await get<unknown>(key).catch(() => undefined)
    if (last === undefined) throw why
    return last
  }
  let response: Response
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS)
    response = await fetch(address, { signal, headers: { accept: 'application/json' } })
  } catch (error) {
    return await kept(error)
  }
  if (!response.ok) {
    const error = new Error(`${address} answers ${response.status}`)
    if (response.status >= 500) return await kept(error)
    await del(key).catch(() => undefined)
    throw error
  }
  const list: unknown = await response.json()
  // What cannot be kept is only missing when the server is.
  await set(key, list).catch(() => undefined)
  return list
}
