import { place, type Device, type MemoryProfile } from '@berth/budget'
import {
  Abort,
  BackendError,
  type GenerateJob,
  type Job,
  type LoadProgress,
  type LoadSpec,
  type Piece,
  type Run,
  type RunEnd,
  type Runner,
  type RunProgress,
} from '@berth/scheduler'
import { backendContract, type ContractSubject } from '@berth/scheduler/testing'
import {
  deleteModel,
  isModelStored,
  modelOfRecord,
  readAdapter,
  WebLlmBackend,
  weightFiles,
  type AdapterFacts,
  type WebLlmModel,
} from '../../../apps/web/src/webllm/index.js'
// oxlint-disable-next-line import/default -- Vite makes one
import workerUrl from './lab-worker.ts?worker&url'

/** What the tests of WebLLM do from within a page. */

const GPU: Device = { id: 'gpu0', kind: 'gpu', name: 'the GPU', capacity: 2 ** 34 }

const adapter = readAdapter()
const workers: Worker[] = []
let models: readonly WebLlmModel[] = []
let backend: WebLlmBackend
let runner: Runner
let last: { readonly run: Run; readonly reading: Promise<Answer> } | undefined

export interface Answer {
  readonly text: string
  readonly end: RunEnd['how']
  readonly reason: string | null
  /** Of the error that its reader was thrown. */
  readonly code: string | null
  readonly message: string | null
  readonly tokens: number
  readonly promptTokens: number
  readonly cachedTokens: number
  readonly progress: readonly RunProgress[]
  readonly pieces: readonly Piece[]
}

/** Models whose files lie under `/models/ID/resolve/main/` of this page's server, with the library of `/models/ID.wasm`. */
export async function begin(ids: readonly string[], origin: string = location.origin): Promise<void> {
  // At hand when the network is not, as the page's service worker sees to it for the real one.
  const script = URL.createObjectURL(await (await fetch(workerUrl)).blob())
  models = ids.map((id) =>
    modelOfRecord({
      model: `${origin}/models/${id}`,
      model_id: id,
      model_lib: `${origin}/models/${id}.wasm`,
    }),
  )
  backend = new WebLlmBackend({
    models: async () => models,
    adapter: await adapter,
    spawn: () => {
      const worker = new Worker(script, { type: 'module' })
      workers.push(worker)
      return worker
    },
  })
}

export async function facts(): Promise<AdapterFacts | null> {
  return adapter
}

export async function profile(id: string): Promise<MemoryProfile> {
  return backend.profile(id, 'generate')
}

export function contractNames(): readonly string[] {
  return cases('').map(({ name }) => name)
}

/** Runs one case of the contract. */
export async function contract(name: string, id: string): Promise<void> {
  const found = cases(id).find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`no such case: ${name}`)
  await found.run(subject(id))
}

/** Loads, and keeps the runner for what follows. Gives all that was reported, or the error's code and words. */
export async function load(
  id: string,
  contextLength = 512,
): Promise<{
  readonly reports: readonly LoadProgress[]
  readonly code: string | null
  readonly message: string
}> {
  const reports: LoadProgress[] = []
  try {
    runner = await backend.load(
      await specOf(id, contextLength),
      (report) => void reports.push(report),
      new Abort(),
    )
    return { reports, code: null, message: '' }
  } catch (error) {
    return { reports, code: error instanceof BackendError ? error.code : 'none', message: String(error) }
  }
}

/** Calls a load off at its first report of a stage. */
export async function callOff(id: string, stage: LoadProgress['stage']): Promise<string> {
  const abort = new Abort()
  return backend
    .load(
      await specOf(id, 512),
      (report) => void (report.stage === stage && abort.abort('called off')),
      abort,
    )
    .then(
      () => 'loaded',
      (error: unknown) => (error instanceof BackendError ? error.code : String(error)),
    )
}

export function start(text: string, options: Partial<GenerateJob> = {}): void {
  const job: Job = {
    kind: 'generate',
    prompt: { kind: 'raw', text },
    sampling: { temperature: 0 },
    maxTokens: 8,
    stop: [],
    overflow: { prompt: 'fail', answer: 'stop' },
    ...options,
  }
  const run = runner.start(job)
  last = { run, reading: read(run) }
}

/** Acts as soon as the run started last reports such a phase. */
export function when(phase: RunProgress['phase'], act: 'cancel' | 'lose-device' | 'stop'): void {
  const { run } = last!
  let done = false
  run.onProgress((progress) => {
    if (done || progress.phase !== phase) return
    done = true
    if (act === 'cancel') run.cancel()
    else if (act === 'stop') void runner.stop('now')
    else loseDevice()
  })
}

export async function answer(): Promise<Answer> {
  return last!.reading
}

export async function ask(text: string, options: Partial<GenerateJob> = {}): Promise<Answer> {
  start(text, options)
  return answer()
}

/** Sets a job aside at its `tokens`th token, lets another run, and goes on with the first. */
export async function parkAndGoOn(
  text: string,
  tokens: number,
  options: Partial<GenerateJob>,
): Promise<string> {
  start(text, options)
  const { run, reading } = last!
  const parked = await new Promise<ReturnType<Run['park']>>((resolve) => {
    run.onProgress((progress) => {
      if (progress.phase === 'decode' && progress.tokens === tokens) resolve(run.park())
    })
  })
  const head = await reading
  await ask('another', { maxTokens: 2 })
  const job: Job = {
    kind: 'generate',
    prompt: { kind: 'raw', text },
    sampling: { temperature: 0 },
    maxTokens: 8,
    stop: [],
    overflow: { prompt: 'fail', answer: 'stop' },
    ...options,
  }
  return head.text + (await read(runner.start(job, parked))).text
}

export async function countTokens(text: string): Promise<number> {
  return runner.countTokens(text)
}

/** Stops the runner; gives the figures of memory it told, the last of them after the unload. */
export async function unload(
  how: 'gracefully' | 'now',
): Promise<{ readonly bytes: readonly number[]; readonly asked: boolean }> {
  const bytes: number[] = []
  runner.onMemory((figures) => void bytes.push(...figures.map((figure) => figure.bytes)))
  await runner.stop(how)
  return { bytes, asked: (await runner.ended).asked }
}

export async function ended(): Promise<{ readonly asked: boolean; readonly reason: string }> {
  return runner.ended
}

export function loseDevice(): void {
  new BroadcastChannel('lose-the-device').postMessage(null)
}

/** Fetches and stores all files through the interface of the download manager; gives their names. */
export async function download(id: string): Promise<readonly string[]> {
  const files = await weightFiles(modelOf(id), (await adapter)!)
  for (const file of files) {
    await file.store(await (await fetch(file.url)).arrayBuffer())
    if (!(await file.stored())) throw new Error(`${file.name} is not stored`)
  }
  return files.map(({ name }) => name)
}

export async function stored(id: string): Promise<boolean> {
  return isModelStored(modelOf(id), (await adapter)!)
}

export async function remove(id: string): Promise<void> {
  await deleteModel(modelOf(id), [])
}

/** Changes a stored file behind everybody's back. */
export async function spoil(id: string, name: string): Promise<void> {
  const file = (await weightFiles(modelOf(id), (await adapter)!)).find(
    (candidate) => candidate.name === name,
  )!
  const open = indexedDB.open('webllm/model', 1)
  await new Promise((resolve) => (open.onsuccess = resolve))
  const transaction = open.result.transaction('urls', 'readwrite')
  transaction.objectStore('urls').put({ url: file.url, data: new ArrayBuffer(16) })
  await new Promise((resolve) => (transaction.oncomplete = resolve))
  open.result.close()
}

function modelOf(id: string): WebLlmModel {
  return models.find((model) => model.id === id)!
}

async function specOf(id: string, contextLength: number): Promise<LoadSpec> {
  const settings = { contextLength, slots: 1, kvType: 'f16' } as const
  const known = await backend.profile(id, 'generate')
  const verdict = place(known, settings, [{ device: GPU, free: GPU.capacity }])
  if (!verdict.fits) throw new Error(verdict.reason)
  return {
    model: id,
    revision: '',
    purpose: 'generate',
    ...settings,
    adapters: [],
    placement: verdict.placement,
    threads: 1,
  }
}

function cases(id: string): ReturnType<typeof backendContract> {
  return backendContract(subject(id))
}

function subject(id: string): ContractSubject {
  return {
    backend,
    model: id,
    embedder: null,
    missing: 'no-such-model',
    spec: (model) => specOf(model, 512),
    slots: 1,
    longPrompt: 'many words '.repeat(12),
    wait: (promise) => promise,
    crash: () => workers.at(-1)!.terminate(),
  }
}

async function read(run: Run): Promise<Answer> {
  const pieces: Piece[] = []
  const progress: RunProgress[] = []
  run.onProgress((report) => void progress.push(report))
  let error: unknown = null
  try {
    for await (const piece of run.pieces) pieces.push(piece)
  } catch (thrown) {
    error = thrown
  }
  const end = await run.slotFree
  const finished = pieces.findLast((piece) => piece.type === 'finished')
  const metrics = 'metrics' in end ? end.metrics : undefined
  return {
    text: pieces.map((piece) => (piece.type === 'text' ? piece.text : '')).join(''),
    end: end.how,
    reason: finished?.reason ?? null,
    code: error instanceof BackendError ? error.code : error === null ? null : 'none',
    message: error instanceof Error ? error.message : null,
    tokens: metrics?.decodedTokens ?? 0,
    promptTokens: metrics?.promptTokens ?? 0,
    cachedTokens: metrics?.cachedTokens ?? 0,
    progress,
    pieces,
  }
}
