import { PageHeader, Spinner, later } from '../shell/index.js'

/** The page that tells what fits, and what would happen if. */
export const PlannerPage = later(
  async () => (await import('./planner-page.js')).PlannerPage,
  () => (
    <>
      <PageHeader title="Planner" />
      <p class="shell-waiting" role="status">
        <Spinner /> Opening the planner…
      </p>
    </>
  ),
)
