export type { HostClient } from './client.js'
export type * from './contract.js'
