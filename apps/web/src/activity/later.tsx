import { PageHeader, Spinner, later } from '../shell/index.js'

/** The page that shows what the scheduler does. */
export const ActivityPage = later(
  async () => (await import('./activity-page.js')).ActivityPage,
  () => (
    <>
      <PageHeader title="Activity" />
      <p class="shell-waiting" role="status">
        <Spinner /> Opening the activity…
      </p>
    </>
  ),
)
