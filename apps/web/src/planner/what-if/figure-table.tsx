import type { SimulationReport } from '@berth/scheduler/simulation'
import { useMemo } from 'preact/hooks'
import { figureRows } from './figures.js'

export interface FigureTableProps {
  readonly names: readonly string[]
  readonly reports: readonly (SimulationReport | null)[]
}

/** The policies' key figures side by side, the better ones marked. */
export function FigureTable({ names, reports }: FigureTableProps) {
  const rows = useMemo(() => figureRows(reports), reports)
  return (
    <div class="what-if-table" role="region" aria-label="Key figures" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span class="visually-hidden">Figure</span>
            </th>
            {names.map((name, index) => (
              <th key={index} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, about, texts, best }) => (
            <tr key={name}>
              <th scope="row" title={about}>
                {name}
              </th>
              {texts.map((text, index) => (
                <td key={index} class={best[index] ? 'what-if-best' : undefined}>
                  {text ?? '–'}
                  {best[index] && <span class="visually-hidden"> (best)</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
