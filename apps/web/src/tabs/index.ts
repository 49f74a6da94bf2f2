export { connectHost } from './connect-host.js'
