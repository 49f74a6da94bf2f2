import { useEffect, useMemo } from 'preact/hooks'
import { Button, Field, Icon, IconButton, Select, Spinner } from '../../shell/index.js'
import { DEFAULT_COLUMN, MOST_COLUMNS } from '../state.js'
import type { PolicyColumn } from '../state.js'
import { changeWhatIf, planner } from '../store.js'
import { EXAMPLES } from './examples.js'
import { FigureTable } from './figure-table.js'
import { OpenTrace } from './open-trace.js'
import { RunColumn } from './run-column.js'
import { RunShelf, type RunState } from './run-shelf.js'
import { Scrubber } from './scrubber.js'
import { timesOf } from './steps.js'
import { columnKey, columnName, MACHINE_CHOICES, OWN, ownTrace, subjectOf } from './trace-source.js'
import type { Subject } from './trace-source.js'
import './what-if.css'

const shelf = new RunShelf()

/** What the scheduler would do with a trace: policies side by side, decision by decision. */
export function WhatIf() {
  const { whatIf } = planner.value
  const { columns, example, machine } = whatIf
  const own = ownTrace.value
  const subject = useMemo(() => subjectOf(whatIf, own), [example, machine, own])
  return (
    <div class="what-if">
      <section class="planner-controls what-if-controls" aria-label="What to simulate">
        <Field label="Example">
          {(control) => (
            <Select
              {...control}
              value={example}
              options={exampleChoices(example, own?.name ?? null)}
              onChange={(id) => {
                const found = EXAMPLES.find((one) => one.id === id)
                changeWhatIf({
                  example: id,
                  step: 0,
                  ...(found === undefined ? {} : { columns: found.columns }),
                })
              }}
            />
          )}
        </Field>
        <Field label="Machine">
          {(control) => (
            <Select
              {...control}
              value={MACHINE_CHOICES.some(({ value }) => value === machine) ? machine : ''}
              options={MACHINE_CHOICES}
              onChange={(to) => changeWhatIf({ machine: to, step: 0 })}
            />
          )}
        </Field>
        <OpenTrace onOpen={() => changeWhatIf({ example: OWN, step: 0 })} />
        <p class="planner-quiet what-if-about">{subject?.about}</p>
      </section>
      {!MACHINE_CHOICES.some(({ value }) => value === machine) && (
        <p class="planner-notice" role="alert">
          There is no machine called “{machine.slice(0, 60)}”: it runs as the example has it.
        </p>
      )}
      <Columns columns={columns} onChange={(to) => changeWhatIf({ columns: to })} />
      {subject === null ? (
        <p class="planner-notice" role="alert">
          {example === OWN
            ? 'This link was made with a trace that is not in it: open the trace here as well.'
            : `There is no example called “${example.slice(0, 60)}”: choose one of the list.`}
        </p>
      ) : (
        <Runs subject={subject} columns={columns} step={whatIf.step} />
      )}
    </div>
  )
}

function exampleChoices(
  example: string,
  ownName: string | null,
): readonly { readonly value: string; readonly label: string }[] {
  const listed = EXAMPLES.map(({ id, name }) => ({ value: id, label: name }))
  const mine = ownName === null ? [] : [{ value: OWN, label: `Your trace: ${ownName}` }]
  const all = [...listed, ...mine]
  return all.some(({ value }) => value === example) ? all : [...all, { value: example, label: 'Not here' }]
}

interface ColumnsProps {
  readonly columns: readonly PolicyColumn[]
  readonly onChange: (columns: readonly PolicyColumn[]) => void
}

const POLICIES = [
  { value: 'fair', label: 'fair: by class, then equal shares' },
  { value: 'fifo', label: 'fifo: by arrival' },
  { value: 'shortest', label: 'shortest: the least work first' },
] as const
const EVICTIONS = [
  { value: 'lru', label: 'lru: what was used last stays' },
  { value: 'cost', label: 'cost: what is dear to load stays' },
  { value: 'oracle', label: 'oracle: knows the future, as a limit' },
] as const

/** The schedulers that are held against each other. */
function Columns({ columns, onChange }: ColumnsProps) {
  return (
    <section class="what-if-policies" aria-label="Policies">
      {columns.map((column, index) => {
        const name = `Policy ${index + 1}`
        const set = (to: Partial<PolicyColumn>): void => onChange(columns.with(index, { ...column, ...to }))
        return (
          <fieldset key={index} class="what-if-policy">
            <legend>{name}</legend>
            <Select
              aria-label={`Order of ${name}`}
              value={column.policy}
              options={POLICIES}
              onChange={(policy) => set({ policy })}
            />
            <Select
              aria-label={`Eviction of ${name}`}
              value={column.eviction}
              options={EVICTIONS}
              onChange={(eviction) => set({ eviction })}
            />
            <div class="what-if-policy-foot">
              <label class="what-if-check">
                <input
                  type="checkbox"
                  checked={column.preempt}
                  onChange={(event) => set({ preempt: event.currentTarget.checked })}
                />
                Batch work gives way
              </label>
              {columns.length > 1 && (
                <IconButton
                  icon="close"
                  size="s"
                  label={`Remove ${name}`}
                  onClick={() => onChange(columns.toSpliced(index, 1))}
                />
              )}
            </div>
          </fieldset>
        )
      })}
      {columns.length < MOST_COLUMNS && (
        <Button icon="plus" size="s" onClick={() => onChange([...columns, nextColumn(columns)])}>
          Compare with another
        </Button>
      )}
    </section>
  )
}

/** One that is not there yet. */
function nextColumn(columns: readonly PolicyColumn[]): PolicyColumn {
  const candidates = POLICIES.map(({ value }): PolicyColumn => ({ ...DEFAULT_COLUMN, policy: value }))
  return candidates.find((one) => columns.every((had) => columnKey(had) !== columnKey(one))) ?? DEFAULT_COLUMN
}

interface RunsProps {
  readonly subject: Subject
  readonly columns: readonly PolicyColumn[]
  readonly step: number
}

function Runs({ subject, columns, step }: RunsProps) {
  const keys = columns.map((column) => `${subject.key} | ${columnKey(column)}`)
  useEffect(() => {
    shelf.want(new Map(columns.map((column, index) => [keys[index] ?? '', subject.orderFor(column)])))
  }, [keys.join('\n')])
  useEffect(() => () => shelf.want(new Map()), [])
  const states = keys.map((key): RunState => shelf.states.value.get(key) ?? { state: 'running' })
  const runs = states.map((state) => (state.state === 'done' ? state.run : null))
  const running = states.some(({ state }) => state === 'running')
  const times = useMemo(() => timesOf(runs), runs)
  const at = Math.max(0, Math.min(step, times.length - 1))
  return (
    <>
      <p class={running ? 'planner-quiet' : 'visually-hidden'} role="status">
        {running ? (
          <>
            <Spinner size={16} /> Simulating…
          </>
        ) : (
          'Simulated.'
        )}
      </p>
      {times.length > 0 && (
        <Scrubber times={times} at={at} runs={runs} onChange={(to) => changeWhatIf({ step: to })} />
      )}
      <div class="what-if-columns">
        {states.map((state, index) => (
          <Column
            key={index}
            name={columns.map(columnName)[index] ?? ''}
            state={state}
            time={times[at] ?? 0}
          />
        ))}
      </div>
      {times.length > 0 && (
        <FigureTable names={columns.map(columnName)} reports={runs.map((run) => run?.report ?? null)} />
      )}
    </>
  )
}

interface ColumnProps {
  readonly name: string
  readonly state: RunState
  readonly time: number
}

function Column({ name, state, time }: ColumnProps) {
  if (state.state === 'failed')
    return (
      <p class="planner-problem" role="alert">
        <Icon name="warning" size={16} /> {state.why}
      </p>
    )
  return state.state === 'running' ? null : <RunColumn name={name} run={state.run} time={time} />
}
