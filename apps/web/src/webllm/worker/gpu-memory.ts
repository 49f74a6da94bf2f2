/* oxlint-disable typescript/unbound-method -- the platform's own methods, called on what they were called on */
import type { Bytes } from '@berth/budget'
import { deferred } from '@berth/scheduler'

/**
 * Counts the GPU buffers of this worker, since the browser tells nobody what they come to. Must be there before
 * the first device is asked for; there is one such count a worker.
 */
export class GpuMemory {
  readonly #sizes = new Map<GPUBuffer, Bytes>()
  readonly #changed: (bytes: Bytes) => void
  #bytes: Bytes = 0
  #peak: Bytes = 0
  readonly #lost = deferred<GPUDeviceLostInfo>()

  /** @param changed told of every new peak, and of what is left when memory came back. */
  constructor(changed: (bytes: Bytes) => void) {
    this.#changed = changed
    this.#watchBuffers()
    this.#watchDevices()
  }

  get bytes(): Bytes {
    return this.#bytes
  }

  /** The most since `settle` was called last. */
  get peak(): Bytes {
    return this.#peak
  }

  /** Resolves when a device is lost, as it is too when WebLLM destroys it. */
  get lost(): Promise<GPUDeviceLostInfo> {
    return this.#lost.promise
  }

  /** From here on the peak is counted anew: what only loading took does not count. */
  settle(): void {
    this.#peak = this.#bytes
    this.#changed(this.#bytes)
  }

  #watchBuffers(): void {
    const { createBuffer } = GPUDevice.prototype
    const { destroy } = GPUBuffer.prototype
    const add = this.#add.bind(this)
    const remove = this.#remove.bind(this)
    GPUDevice.prototype.createBuffer = function (descriptor) {
      const buffer = createBuffer.call(this, descriptor)
      add(buffer, descriptor.size)
      return buffer
    }
    GPUBuffer.prototype.destroy = function () {
      remove(this)
      return destroy.call(this)
    }
  }

  #watchDevices(): void {
    const { requestDevice } = GPUAdapter.prototype
    const taken = (device: GPUDevice): void => {
      void device.lost.then((info) => {
        this.#lost.resolve(info)
        this.#clear()
      })
    }
    GPUAdapter.prototype.requestDevice = async function (descriptor) {
      const device = await requestDevice.call(this, descriptor)
      taken(device)
      return device
    }
  }

  #add(buffer: GPUBuffer, size: Bytes): void {
    this.#sizes.set(buffer, size)
    this.#bytes += size
    if (this.#bytes <= this.#peak) return
    this.#peak = this.#bytes
    this.#changed(this.#peak)
  }

  #remove(buffer: GPUBuffer): void {
    const size = this.#sizes.get(buffer)
    if (size === undefined) return
    this.#sizes.delete(buffer)
    this.#bytes -= size
  }

  /** The buffers of a lost device are gone with it. The peak stays: it says what was too much. */
  #clear(): void {
    this.#sizes.clear()
    this.#bytes = 0
    this.#changed(0)
  }
}
