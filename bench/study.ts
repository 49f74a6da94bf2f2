import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { EvictionName, PolicyName } from '@berth/scheduler'
import { simulate } from '@berth/scheduler/simulation'
import { format, resolveConfig } from 'prettier'
import type { Measure } from './measure.js'
import { chartOf, sectionOf, type Trial } from './study/page.js'
import { STUDIES, type Study } from './study/workloads.js'

const DOCS = fileURLToPath(new URL('../docs/', import.meta.url))
const POLICIES: readonly PolicyName[] = ['fifo', 'fair', 'shortest']
const EVICTIONS: readonly EvictionName[] = ['lru', 'cost']
/** Nobody is turned away: all policies are to do the same work. */
const PATIENT = { maxQueue: 1_000_000, maxWaitMs: 7 * 24 * 3_600_000 } as const

/**
 * Tries every order and eviction on every workload, and writes docs/study.md with its charts. All of it is
 * simulated: on any machine it comes out the same.
 */
export async function run(): Promise<Measure[]> {
  const measures: Measure[] = []
  const sections: string[] = []
  await mkdir(`${DOCS}images`, { recursive: true })
  for (const study of STUDIES) {
    const trials = await tried(study)
    sections.push(sectionOf(study, trials))
    await writeFile(`${DOCS}images/study-${study.id}.svg`, chartOf(study, trials))
    for (const { name, report } of trials) {
      const settings = { machine: report.machine, requests: report.all.requests }
      measures.push(
        {
          name: `study/${study.id}/${name}/first-token-p90`,
          value: report.all.firstToken.p90 / 1000,
          unit: 's',
          settings,
        },
        { name: `study/${study.id}/${name}/loads`, value: report.swaps.loads, unit: 'loads', settings },
      )
    }
  }
  const path = `${DOCS}study.md`
  const page = [HEAD, ...sections].join('\n\n')
  await writeFile(path, await format(page, { ...(await resolveConfig(path)), filepath: path }))
  return measures
}

async function tried(study: Study): Promise<readonly Trial[]> {
  const { trace, machine } = study
  const trials: Trial[] = []
  for (const policy of POLICIES) {
    for (const eviction of EVICTIONS) {
      const report = await simulate({ trace, machine, settings: { ...PATIENT, policy, eviction } })
      trials.push({ name: `${policy}, ${eviction}`, report })
    }
  }
  const report = await simulate({ trace, machine, oracle: true, settings: { ...PATIENT, policy: 'fair' } })
  return [...trials, { name: 'fair, oracle', report }]
}

const HEAD = `# A study of policies

Written by \`npm run bench -- study\`; every figure is simulated ([simulator.md](simulator.md)), and comes out the same on every machine.

Three workloads, each under the three orders (\`fifo\`, \`fair\`, \`shortest\`) and the two evictions (\`lru\`, \`cost\`) that there are ([scheduling.md](scheduling.md)), and under an oracle that knows what will be asked and evicts whoever is wanted again last (Belady). Lengths of prompts and answers are those of Azure's published traces. Host memory is left too small for models, so that orders and evictions are compared and not placements; nobody is turned away, so that all do the same work.

"Model was there" is the part of the requests whose model was loaded when they came; "promise kept" the part that had what their class is promised (interactive: the first token within 2 s and 200 ms a token; normal: 10 s and 500 ms; batch: done within 15 minutes). The two shares tell how evenly clients were served that all had requests waiting, in windows of 10 s: 1 is even; a dash, where no two ever competed.`
