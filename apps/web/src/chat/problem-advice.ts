import type { Place } from '../host/index.js'
import type { Problem } from '../storage/index.js'

/** What to tell the user of an answer that failed. */
export interface Advice {
  readonly title: string
  /** What to do. */
  readonly advice: string
  /** Whether the same again may do. */
  readonly retry: boolean
  readonly goTo: 'models' | 'settings' | 'model-picker' | 'conversation-settings' | null
}

const BUSY: Advice = { title: 'Too busy just now', advice: 'Try again in a moment.', retry: true, goTo: null }
const GONE: Advice = {
  title: 'The model was lost while it answered',
  advice: 'It ended or the connection was cut. Try again: it is started anew.',
  retry: true,
  goTo: null,
}
const NO_MODEL: Advice = {
  title: 'This model is not there any more',
  advice: 'Choose another one, or get it on the models page.',
  retry: false,
  goTo: 'model-picker',
}
const TOO_BIG: Advice = {
  title: 'The model needs more memory than there is',
  advice: 'Choose a smaller model, or a shorter context in the settings of this conversation.',
  retry: false,
  goTo: 'model-picker',
}
const OTHER: Advice = {
  title: 'Something went wrong',
  advice: 'Try again, or choose another model.',
  retry: true,
  goTo: null,
}

const BY_CODE: Readonly<Record<string, Advice>> = {
  'queue-full': BUSY,
  busy: BUSY,
  deadline: { ...BUSY, title: 'It waited too long for its turn' },
  'unknown-model': NO_MODEL,
  'cannot-fit': TOO_BIG,
  'out-of-memory': TOO_BIG,
  'runner-lost': GONE,
  lost: GONE,
  'host-gone': {
    title: 'The tab that computed this answer was closed',
    advice: 'What had come is kept. Go on from there, or ask again.',
    retry: true,
    goTo: null,
  },
  'load-failed': {
    title: 'The model could not be loaded',
    advice: 'Try again; if it happens again, delete the model and fetch it anew, or choose another one.',
    retry: true,
    goTo: 'models',
  },
  'bad-model': {
    title: 'The files of this model are damaged or of an unknown kind',
    advice: 'Delete it on the models page and fetch it anew, or choose another one.',
    retry: false,
    goTo: 'models',
  },
  unsupported: {
    title: 'This model cannot do that',
    advice: 'Choose another model or leave out what it cannot do.',
    retry: false,
    goTo: 'model-picker',
  },
  'context-overflow': {
    title: 'The conversation is longer than the model can take in',
    advice: 'Allow a longer context in the settings of this conversation, or begin a new one.',
    retry: false,
    goTo: 'conversation-settings',
  },
  denied: {
    title: 'The server did not let us in',
    advice: 'Check its key in the settings.',
    retry: true,
    goTo: 'settings',
  },
  'slow-reader': { ...OTHER, title: 'This page could not keep up with the answer', advice: 'Try again.' },
  'shutting-down': { ...BUSY, title: 'The server is being shut down', advice: 'Try again when it is back.' },
}

/** What a server's model cannot be loaded for is the server's affair: nothing of it is here to be deleted. */
const SERVER_FAILED: Advice = {
  title: 'The server could not be reached, or could not load the model',
  advice: 'See whether the server runs, then try again; or choose another model.',
  retry: true,
  goTo: 'model-picker',
}

/** @param place where the model was to answer; null where that is not known. */
export function adviceFor(problem: Problem, place: Place | null = null): Advice {
  const ofServer = place === 'server' && (problem.code === 'load-failed' || problem.code === 'bad-model')
  return ofServer ? SERVER_FAILED : (BY_CODE[problem.code] ?? OTHER)
}
