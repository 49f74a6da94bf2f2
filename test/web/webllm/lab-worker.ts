/** The real worker, whose GPU device can be lost on command. */
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

import '../../../apps/web/src/webllm/worker/main.js'
