export { helpText } from './help.js'
export { isLoopback, urlOf } from './listen-address.js'
export { readConfig } from './read-config.js'

export type { ListenAddress } from './listen-address.js'
export type { Config } from './schema.js'
export type { UpstreamConfig } from './upstream-setting.js'
