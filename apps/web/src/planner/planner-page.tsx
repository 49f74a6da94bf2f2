import { PageHeader } from '../shell/index.js'

/** What fits on a machine. */
export function PlannerPage() {
  return <PageHeader title="Planner" />
}
