import { useEffect } from 'preact/hooks'
import { CopyButton, IconButton, PageHeader, Segmented } from '../shell/index.js'
import { WhatFits } from './fits/what-fits.js'
import { dismissProblems, openPlanner, planner, plannerLink, problems, showTab } from './store.js'
import { WhatIf } from './what-if/later.js'
import './planner.css'

/** What fits on a machine, and what a scheduler would do with a day's requests on it. */
export function PlannerPage() {
  useEffect(() => {
    const opened = openPlanner()
    return () => opened[Symbol.dispose]()
  }, [])
  const { tab } = planner.value
  return (
    <>
      <PageHeader title="Planner">
        <div class="planner-tabs">
          <Segmented
            label="What to plan"
            value={tab}
            options={[
              { value: 'fits', label: 'What fits' },
              { value: 'what-if', label: 'What if' },
            ]}
            onChange={showTab}
          />
        </div>
        <div class="planner-tools">
          <CopyButton label="Copy a link to this" text={plannerLink} />
        </div>
      </PageHeader>
      <div class="shell-scroll">
        <div class="planner">
          <Problems />
          {tab === 'fits' ? <WhatFits /> : <WhatIf />}
        </div>
      </div>
    </>
  )
}

function Problems() {
  if (problems.value.length === 0) return null
  return (
    <div class="planner-notice" role="alert">
      <ul>
        {problems.value.map((problem) => (
          <li key={problem}>{problem}</li>
        ))}
      </ul>
      <IconButton icon="close" size="s" label="Dismiss" onClick={dismissProblems} />
    </div>
  )
}
