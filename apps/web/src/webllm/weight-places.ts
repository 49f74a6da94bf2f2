/**
 * Where WebLLM 0.2.86 keeps files with `cacheBackend: "indexeddb"`: a database a kind, each with one store of
 * `{ url, data }` by URL. `data` is what WebLLM would have made of the answer: the parsed value of
 * tensor-cache.json, an ArrayBuffer of everything else. A file put there is not fetched again.
 */
const STORE = 'urls'
const VERSION = 1

export type WeightDatabase = 'webllm/config' | 'webllm/model' | 'webllm/wasm'

/** One file's place. */
export interface WeightPlace {
  readonly database: WeightDatabase
  readonly key: string
}

export async function isStored({ database, key }: WeightPlace): Promise<boolean> {
  return (await inStore(database, 'readonly', (store) => store.count(key))) > 0
}

/** What is stored, or undefined. */
export async function readStored({ database, key }: WeightPlace): Promise<unknown> {
  const found = await inStore<{ readonly data?: unknown } | undefined>(database, 'readonly', (store) =>
    store.get(key),
  )
  return found?.data
}

/** @throws DOMException `QuotaExceededError` where there is no room. */
export async function putStored({ database, key }: WeightPlace, data: unknown): Promise<void> {
  await inStore(database, 'readwrite', (store) => store.put({ url: key, data }))
}

export async function deleteStored({ database, key }: WeightPlace): Promise<void> {
  await inStore(database, 'readwrite', (store) => store.delete(key))
}

/** Runs one request in a transaction of its own; resolves when that is on disk. */
async function inStore<T>(
  database: WeightDatabase,
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const opened = await open(database)
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = opened.transaction(STORE, mode)
      const request = ask(transaction.objectStore(STORE))
      // A full disk shows when the transaction ends, not when the request does.
      transaction.addEventListener('complete', () => resolve(request.result))
      transaction.addEventListener('abort', () =>
        reject(transaction.error ?? request.error ?? new Error('storage failed')),
      )
    })
  } finally {
    opened.close()
  }
}

function open(database: WeightDatabase): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(database, VERSION)
    request.addEventListener('upgradeneeded', () =>
      request.result.createObjectStore(STORE, { keyPath: 'url' }),
    )
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () =>
      reject(request.error ?? new Error(`cannot open the storage ${database}`)),
    )
  })
}
