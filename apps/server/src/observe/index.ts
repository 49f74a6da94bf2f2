export { Correlation } from './correlation.js'
export { eventStream } from './event-stream.js'
export { createLog } from './log.js'
export { logEvents } from './log-events.js'
export { Metrics } from './metrics.js'
export { requestLog } from './request-log.js'

export type { Watched } from './event-stream.js'
