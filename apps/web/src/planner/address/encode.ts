import { DEFAULT_STATE } from '../state.js'
import type { MachineRef, ModelRef, PlannerState, PolicyColumn } from '../state.js'

/** Raised when what stands in an address gets another meaning. */
export const VERSION = 1

/** The hash of the page that shows this; what is as usual is left out. */
export function encodeAddress({ tab, fits, whatIf }: PlannerState): string {
  const usual = DEFAULT_STATE
  const pairs: [string, string][] = [['v', String(VERSION)]]
  const add = (name: string, value: string, left: string): void => {
    if (value !== left) pairs.push([name, value])
  }
  add('tab', tab, usual.tab)
  if (fits.models.length === 0) pairs.push(['m', 'none'])
  else if (listOf(fits.models.map(modelText)) !== listOf(usual.fits.models.map(modelText)))
    for (const model of fits.models) pairs.push(['m', modelText(model)])
  add('together', String(fits.together), String(usual.fits.together))
  add('on', machineText(fits.machine), machineText(usual.fits.machine))
  add('ctx', String(fits.contextLength), String(usual.fits.contextLength))
  add('slots', String(fits.slots), String(usual.fits.slots))
  add('kv', fits.kvType, usual.fits.kvType)
  add('example', whatIf.example, usual.whatIf.example)
  add('box', whatIf.machine, usual.whatIf.machine)
  if (listOf(whatIf.columns.map(columnText)) !== listOf(usual.whatIf.columns.map(columnText)))
    for (const column of whatIf.columns) pairs.push(['p', columnText(column)])
  add('step', String(whatIf.step), String(usual.whatIf.step))
  return `#/planner?${pairs.map(([name, value]) => `${name}=${escape(value)}`).join('&')}`
}

const listOf = (texts: readonly string[]): string => JSON.stringify(texts)

/** A hash may hold more as it is than a query's parser would write; an address is read by people too. */
function escape(text: string): string {
  return encodeURIComponent(text).replaceAll(/%(3A|2F|2C|40)/g, (code) => decodeURIComponent(code))
}

export function modelText(model: ModelRef): string {
  switch (model.kind) {
    case 'known':
      return `known:${model.id}`
    case 'gguf':
      return `gguf:${model.url}`
    case 'server':
      return `server:${model.address},${model.name}`
    case 'webllm':
      return `webllm:${model.id}`
    case 'numbers': {
      const { layers, kvHeads, headSize, hidden, vocabulary, weights } = model.numbers
      return `numbers:${[layers, kvHeads, headSize, hidden, vocabulary, weights].join(',')},${model.name}`
    }
    default:
      return model satisfies never
  }
}

export function machineText(machine: MachineRef): string {
  switch (machine.kind) {
    case 'browser':
      return 'browser'
    case 'server':
      return `server:${machine.address}`
    case 'preset':
      return `preset:${machine.id}`
    case 'own':
      return `own:${machine.vram.join(',')}/${machine.ram}`
    default:
      return machine satisfies never
  }
}

function columnText({ policy, eviction, preempt }: PolicyColumn): string {
  return [policy, eviction, ...(preempt ? ['preempt'] : [])].join(',')
}
