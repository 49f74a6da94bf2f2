export { helpText } from './help.js'
export { isLoopback, parseListenAddress, urlOf } from './listen-address.js'
export { nearest } from './nearest.js'
export { readConfig } from './read-config.js'

export type { ListenAddress } from './listen-address.js'
export type { Config } from './schema.js'
export type { UpstreamConfig } from './upstream-setting.js'
