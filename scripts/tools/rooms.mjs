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
  '@berth/protocol': ['@berth/scheduler'],
}

/** Entrances that only tests and benchmarks may take. */
export const TEST_TOOLS = ['@berth/scheduler/testing']

/**
 * The folders of apps/server/src, and the folders beside it that each may import.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const SERVER_ROOMS = {
  config: [],
  observe: [],
  models: [],
  access: ['generate'],
  llama: ['models'],
  generate: ['models', 'observe'],
  engine: ['config', 'generate', 'llama', 'models'],
  routes: ['access', 'generate', 'models', 'observe'],
}

/** Files at the top of apps/server/src that rooms may import: what all of them share. The others do the wiring, and nobody imports them. */
export const SERVER_SHARED = ['app-env.ts', 'system-clock.ts']
