/** The real worker, whose GPU device can be lost on command. */
// oxlint-disable-next-line typescript/unbound-method -- called on what it was called on
const { requestDevice } = GPUAdapter.prototype
const devices: GPUDevice[] = []
GPUAdapter.prototype.requestDevice = async function (descriptor) {
  const device = await requestDevice.call(this, descriptor)
  devices.push(device)
  return device
}
new BroadcastChannel('lose-the-device').addEventListener('message', () => {
  for (const device of devices) device.destroy()
})

// oxlint-disable-next-line import/no-unassigned-import -- a worker's entry
import '../../../apps/web/src/webllm/worker/main.js'
