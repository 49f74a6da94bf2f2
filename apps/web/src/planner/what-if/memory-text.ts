import { figure } from '../fits/bars.js'
import type { DeviceThen } from './run.js'

/** "7.0 GB of 16.0 GB" */
export function deviceText({ reserved, capacity }: DeviceThen): string {
  return `${figure(reserved)} of ${figure(capacity)}`
}
