export { ApiKeys } from './api-keys.js'
export { adminOnly, guard, mayAdminister } from './guard.js'
export { Origins } from './origins.js'
export { readJson } from './read-json.js'

export type { KeyHolder } from './api-keys.js'
export type { AccessRules } from './guard.js'
