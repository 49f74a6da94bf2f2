export { Upstreams } from './upstreams.js'
