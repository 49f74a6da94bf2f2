import { useId, useState } from 'preact/hooks'
import { Button, Select, TextInput, type Option } from '../shell/index.js'
import { NO_FILTERS, type Filters } from './filters.js'

export interface FilterBarProps {
  readonly filters: Filters
  /** `none` stands for those that tell none. */
  readonly licenses: readonly string[]
  readonly onChange: (filters: Filters) => void
}

const PLACES: readonly Option<Filters['place']>[] = [
  { value: 'all', label: 'Any place' },
  { value: 'browser', label: 'This browser' },
  { value: 'server', label: 'Servers' },
]

const KINDS: readonly Option<Filters['kind']>[] = [
  { value: 'all', label: 'Any kind' },
  { value: 'chat', label: 'Chat' },
  { value: 'embed', label: 'Embeddings' },
  { value: 'tools', label: 'Tools' },
  { value: 'thinking', label: 'Thinking' },
  { value: 'vision', label: 'Images' },
]

const SIZES: readonly Option<Filters['size']>[] = [
  { value: 'all', label: 'Any size' },
  { value: 'small', label: 'Up to 1 GB' },
  { value: 'medium', label: '1 to 4 GB' },
  { value: 'large', label: 'Over 4 GB' },
]

const FITS: readonly Option<Filters['fit']>[] = [
  { value: 'all', label: 'Fits or not' },
  { value: 'usable', label: 'Fits, tight or unknown' },
  { value: 'fits', label: 'Fits' },
  { value: 'tight', label: 'Tight' },
  { value: 'does-not-fit', label: 'Does not fit' },
]

/** Search is always there; on a narrow page the rest is folded away until asked for. */
export function FilterBar({ filters, licenses, onChange }: FilterBarProps) {
  const [unfolded, setUnfolded] = useState(false)
  const id = useId()
  const set = (patch: Partial<Filters>): void => onChange({ ...filters, ...patch })
  const active = countActive(filters)
  return (
    <div class="filters" role="search" aria-label="Models">
      <div class="filters-search">
        <TextInput
          icon="search"
          aria-label="Search models"
          placeholder="Search models"
          value={filters.search}
          onInput={(search) => set({ search })}
        />
        <Button
          class="filters-toggle"
          aria-expanded={unfolded}
          aria-controls={id}
          onClick={() => setUnfolded(!unfolded)}
        >
          {active === 0 ? 'Filters' : `Filters (${active})`}
        </Button>
      </div>
      <div class={unfolded ? 'filters-more' : 'filters-more filters-folded'} id={id}>
        <Select
          aria-label="Place"
          value={filters.place}
          options={PLACES}
          onChange={(place) => set({ place })}
        />
        <Select aria-label="Kind" value={filters.kind} options={KINDS} onChange={(kind) => set({ kind })} />
        <Select aria-label="Size" value={filters.size} options={SIZES} onChange={(size) => set({ size })} />
        <Select aria-label="Fit" value={filters.fit} options={FITS} onChange={(fit) => set({ fit })} />
        <Select
          aria-label="Licence"
          value={filters.license}
          options={licenseOptions(licenses)}
          onChange={(license) => set({ license })}
        />
        {active > 0 && (
          <Button variant="ghost" onClick={() => onChange({ ...NO_FILTERS, search: filters.search })}>
            Clear
          </Button>
        )}
      </div>
    </div>
  )
}

function licenseOptions(licenses: readonly string[]): Option<string>[] {
  return [
    { value: 'all', label: 'Any licence' },
    ...licenses.map((license) => ({
      value: license,
      label: license === 'none' ? 'Not told' : license,
    })),
  ]
}

/** Those that are set, besides the search. */
function countActive({ place, kind, size, fit, license }: Filters): number {
  return [place, kind, size, fit, license].filter((each) => each !== 'all').length
}
