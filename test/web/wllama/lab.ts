import { wrap, type Remote } from 'comlink'
import type { WllamaLab } from './lab-worker.js'

/** What the tests of wllama drive from within a page: it all happens in a worker, as in the host. */
const worker = new Worker(new URL('lab-worker.ts', import.meta.url), { type: 'module' })

export const inWorker: Remote<WllamaLab> = wrap<WllamaLab>(worker)
