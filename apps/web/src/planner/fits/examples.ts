import { KNOWN_MODELS } from '../known-models.js'
import { DEFAULT_STATE } from '../state.js'
import type { FitsState, ModelRef } from '../state.js'

const known = (id: string): ModelRef => ({ kind: 'known', id })

/** What to begin with. */
export const FIT_EXAMPLES: readonly { readonly name: string; readonly fits: FitsState }[] = [
  { name: 'Five models, 8 GB of VRAM and 16 GB of RAM', fits: DEFAULT_STATE.fits },
  {
    name: 'Two models at once in 16 GB of VRAM',
    fits: {
      ...DEFAULT_STATE.fits,
      models: [known('llama-3-8b'), known('qwen3-8b')],
      together: true,
      machine: { kind: 'own', vram: [16], ram: 32 },
      contextLength: 8192,
    },
  },
  {
    name: 'A 70B model over two RTX 4090',
    fits: {
      ...DEFAULT_STATE.fits,
      models: [known('llama-3-70b')],
      machine: { kind: 'preset', id: '2x-rtx-4090' },
      contextLength: 8192,
    },
  },
  {
    name: 'A laptop without a GPU',
    fits: {
      ...DEFAULT_STATE.fits,
      models: KNOWN_MODELS.slice(0, 3).map(({ id }) => known(id)),
      machine: { kind: 'preset', id: 'laptop-8gb' },
      contextLength: 4096,
    },
  },
  {
    name: 'What 8 × H100 serve at once',
    fits: {
      ...DEFAULT_STATE.fits,
      together: true,
      machine: { kind: 'preset', id: '8x-h100' },
      contextLength: 8192,
      slots: 32,
    },
  },
]
