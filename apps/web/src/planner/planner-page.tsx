import { useEffect } from 'preact/hooks'
import { CopyButton, IconButton, PageHeader } from '../shell/index.js'
import { WhatFits } from './fits/what-fits.js'
import { dismissProblems, openPlanner, plannerLink, problems } from './store.js'
import './planner.css'

/** What fits on a machine. */
export function PlannerPage() {
  useEffect(() => {
    const opened = openPlanner()
    return () => opened[Symbol.dispose]()
  }, [])
  return (
    <>
      <PageHeader title="Planner">
        <div class="planner-tools">
          <CopyButton label="Copy a link to this" text={plannerLink} />
        </div>
      </PageHeader>
      <div class="shell-scroll">
        <div class="planner">
          <Problems />
          <WhatFits />
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
