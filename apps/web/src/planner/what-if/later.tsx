import { Spinner, later } from '../../shell/index.js'

/** The simulator in the page; it and its worker come when they are first wanted. */
export const WhatIf = later(
  async () => (await import('./what-if.js')).WhatIf,
  () => (
    <p class="planner-quiet" role="status">
      <Spinner size={16} /> Opening the simulator…
    </p>
  ),
)
