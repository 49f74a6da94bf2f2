import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { MEDIA_TYPE, parseManifest, type Layer, type Manifest } from './manifest.js'
import { shortName, type ModelName } from './model-name.js'
import { StoreError } from './store-error.js'

/** How long a registry is waited for, in milliseconds. */
export interface RegistryBounds {
  /** An answer that has not begun after so long will not come: the machine is offline, or the host is. */
  readonly answerMs: number
  /** A download that brings nothing for so long has died. */
  readonly stallMs: number
}

const BOUNDS: RegistryBounds = { answerMs: 6_000, stallMs: 20_000 }

/** Speaks the registry protocol of Ollama, which model hubs speak too. */
export class RegistryClient {
  readonly #origin: (host: string) => string
  readonly #bounds: RegistryBounds

  /** @param origin where a host is reached; HTTPS under its own name if left out. */
  constructor(
    origin: (host: string) => string = (host) => `https://${host}`,
    bounds: RegistryBounds = BOUNDS,
  ) {
    this.#origin = origin
    this.#bounds = bounds
  }

  /**
   * @param name as the registry knows it.
   * @throws StoreError `unknown-model` where the registry says so; `source-failed` where it cannot be reached or talks nonsense.
   */
  async manifest(name: ModelName, signal?: AbortSignal): Promise<Manifest> {
    const url = `${this.#url(name)}/manifests/${name.tag}`
    using patience = new Patience(signal)
    const response = await this.#get(url, patience, { accept: MEDIA_TYPE.manifest })
    if (response.status === 404) {
      throw new StoreError('unknown-model', `${name.host} has no model ${shortName(name)}`)
    }
    if (!response.ok)
      throw new StoreError('source-failed', `${name.host} answered ${response.status} to ${url}`)
    try {
      return parseManifest(await response.text())
    } catch (error) {
      throw failed(name.host, error, patience)
    }
  }

  /**
   * Downloads a blob to `target` and checks its size and digest; what does not match is left for the caller to delete.
   * @throws StoreError `source-failed`.
   */
  async blob(
    name: ModelName,
    layer: Layer,
    target: string,
    report: (doneBytes: number) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const url = `${this.#url(name)}/blobs/${layer.digest.replace('-', ':')}`
    using patience = new Patience(signal)
    const response = await this.#get(url, patience)
    if (!response.ok || response.body === null) {
      throw new StoreError('source-failed', `${name.host} answered ${response.status} to ${url}`)
    }
    const hash = createHash('sha256')
    let done = 0
    const file = await open(target, 'w')
    try {
      patience.wait(this.#bounds.stallMs)
      for await (const chunk of response.body) {
        patience.wait(this.#bounds.stallMs)
        done += chunk.byteLength
        if (done > layer.size) break
        hash.update(chunk)
        await file.writeFile(chunk)
        report(done)
      }
    } catch (error) {
      throw failed(name.host, error, patience)
    } finally {
      await file.close()
    }
    const digest = `sha256:${hash.digest('hex')}`
    if (done !== layer.size || digest !== layer.digest.replace('-', ':')) {
      throw new StoreError('source-failed', `${name.host} sent something else than ${layer.digest}`)
    }
  }

  #url(name: ModelName): string {
    return `${this.#origin(name.host)}/v2/${name.namespace}/${name.model}`
  }

  async #get(url: string, patience: Patience, headers: Record<string, string> = {}): Promise<Response> {
    try {
      patience.wait(this.#bounds.answerMs)
      const response = await fetch(url, { headers, signal: patience.signal })
      patience.wait(this.#bounds.stallMs)
      return response
    } catch (error) {
      throw failed(new URL(url).host, error, patience)
    }
  }
}

/** Aborts when a wait gets too long, or the caller's signal says so. */
class Patience {
  readonly #ended = new AbortController()
  readonly #caller: AbortSignal | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(caller: AbortSignal | undefined) {
    this.#caller = caller
  }

  get signal(): AbortSignal {
    const own = this.#ended.signal
    return this.#caller === undefined ? own : AbortSignal.any([own, this.#caller])
  }

  /** Why it ended by itself; undefined while it has not. */
  get reason(): string | undefined {
    return this.#ended.signal.aborted ? String(this.#ended.signal.reason) : undefined
  }

  get callerGone(): boolean {
    return this.#caller?.aborted ?? false
  }

  /** Begins a new wait. */
  wait(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#ended.abort(`nothing came for ${ms / 1_000} s`), ms)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }
}

function failed(host: string, error: unknown, patience: Patience): unknown {
  if (patience.callerGone || error instanceof StoreError) return error
  return new StoreError('source-failed', `${host} cannot be reached: ${patience.reason ?? reasonOf(error)}`, {
    cause: error,
  })
}

/** `fetch` says "fetch failed" and hides why in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
