export { PlannerPage } from './later.js'
