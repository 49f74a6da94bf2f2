import { describe, expect, it } from 'vitest'
import { downloadShare, downloadText } from '../../../apps/web/src/models/download-text.js'
import { machineText } from '../../../apps/web/src/models/machine-text.js'
import type { Download } from '../../../apps/web/src/host/index.js'
import { MACHINE } from './cards.js'

const download: Download = {
  model: 'tiny',
  state: 'running',
  loadedBytes: 2 ** 28,
  totalBytes: 2 ** 30,
  files: { done: 3, of: 12 },
  leftMs: 125_000,
}

describe('a download in words', () => {
  it.each([
    [download, '256 MiB of 1.0 GiB · 3 of 12 files · 2 min left'],
    [{ ...download, state: 'paused' as const }, '256 MiB of 1.0 GiB · 3 of 12 files · paused'],
    [{ ...download, leftMs: null, files: { done: 0, of: 1 } }, '256 MiB of 1.0 GiB'],
    [{ ...download, totalBytes: 0, leftMs: null }, '256 MiB so far · 3 of 12 files'],
  ])('%#', (each, text) => {
    expect(downloadText(each)).toBe(text)
  })

  it('has a share only where its size is known', () => {
    expect(downloadShare(download)).toBe(0.25)
    expect(downloadShare({ ...download, totalBytes: 0 })).toBeNull()
  })
})

describe('a machine in words', () => {
  it('names its GPU, or why there is none', () => {
    expect(machineText(MACHINE)).toBe(
      'Example GPU with 4.0 GiB for models; 8 processor cores and 6.0 GiB of memory for models.',
    )
    expect(machineText({ ...MACHINE, gpu: MACHINE.gpu && { ...MACHINE.gpu, software: true } })).toContain(
      'a simulated GPU and slow',
    )
    expect(machineText({ ...MACHINE, gpu: null, noGpu: 'WebGPU is switched off', cores: 1 })).toBe(
      '1 processor core and 6.0 GiB of memory for models. No GPU: WebGPU is switched off.',
    )
  })
})
