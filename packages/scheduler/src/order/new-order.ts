import type { Clock } from '../clock.js'
import type { SchedulerSettings } from '../settings.js'
import { FairOrder } from './fair-order.js'
import { fifoKey, KeyOrder, shortestKey } from './key-order.js'
import type { Order } from './order.js'

/** The order that the settings name. */
export function newOrder(clock: Clock, settings: SchedulerSettings): Order {
  switch (settings.policy) {
    case 'fifo':
      return new KeyOrder(fifoKey)
    case 'fair':
      return new FairOrder(clock, settings)
    case 'shortest':
      return new KeyOrder(shortestKey(settings.classDelayMs))
  }
}
