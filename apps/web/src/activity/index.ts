export { ActivityPage } from './later.js'
