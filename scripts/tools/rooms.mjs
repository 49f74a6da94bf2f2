// @ts-check

/**
 * The rooms of the code and what each may import. docs/architecture.md has the picture.
 * A room is entered through its index.ts, and only by those who name it here.
 */

/**
 * Packages of ours by name, and the packages of ours that each may import.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const PACKAGES = {
  '@berth/budget': [],
  '@berth/scheduler': ['@berth/budget'],
  '@berth/protocol': ['@berth/budget', '@berth/scheduler'],
}

/** Entrances of packages beside the package itself: what few who import it need. */
export const ENTRANCES = ['@berth/scheduler/simulation']

/** Entrances that only tests and benchmarks may take. */
export const TEST_TOOLS = ['@berth/scheduler/testing']

/**
 * @typedef {object} App
 * @property {Readonly<Record<string, readonly string[]>>} rooms the folders of its src, and the folders beside it that each may import
 * @property {Readonly<Record<string, readonly string[]>>} [types] folders of which each may import types, and nothing that runs
 * @property {readonly string[]} [shared] files at the top of src that rooms may import: what all of them share. The others do the wiring, and nobody imports them
 * @property {Readonly<Record<string, string>>} [workers] scripts of workers that are started from another room, and that room
 */

/** @type {Readonly<Record<string, App>>} */
export const APPS = {
  server: {
    rooms: {
      config: [],
      observe: [],
      models: [],
      library: ['models'],
      'web-models': ['generate', 'models'],
      access: ['generate'],
      llama: ['models'],
      generate: ['models', 'observe'],
      engine: ['config', 'generate', 'llama', 'models'],
      upstreams: ['config', 'generate', 'models'],
      routes: ['access', 'generate', 'library', 'models', 'observe'],
      cli: ['config', 'engine', 'models'],
    },
    shared: ['app-env.ts', 'system-clock.ts'],
  },
  web: {
    rooms: {
      storage: [],
      downloads: ['storage'],
      webllm: [],
      wllama: [],
      host: ['downloads', 'storage', 'webllm', 'wllama'],
      tabs: ['host'],
      shell: ['storage'],
      chat: ['shell', 'storage'],
      models: ['settings', 'shell', 'storage'],
      settings: ['shell', 'storage'],
      diagram: [],
      activity: ['diagram', 'settings', 'shell', 'storage'],
      planner: ['diagram', 'shell', 'storage'],
      pwa: ['shell'],
    },
    types: {
      // The contract between tabs and host is the host's.
      storage: ['host'],
      downloads: ['host'],
      webllm: ['storage', 'host'],
      wllama: ['storage', 'host'],
      shell: ['host'],
      chat: ['host'],
      models: ['host'],
      settings: ['host'],
      activity: ['host'],
      planner: ['host'],
      pwa: ['host'],
    },
    workers: { 'host/worker.ts': 'tabs' },
  },
}
