import { PageHeader, Spinner, later } from '../shell/index.js'

/** The page of settings. */
export const SettingsPage = later(
  async () => (await import('./settings-page.js')).SettingsPage,
  () => (
    <>
      <PageHeader title="Settings" />
      <p class="shell-waiting" role="status">
        <Spinner /> Opening the settings…
      </p>
    </>
  ),
)
