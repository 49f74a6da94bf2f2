import { formatBytes } from '@berth/budget'
import type { Download } from '../host/index.js'
import { formatDuration } from '../shell/index.js'

/** How far a download is: "312.0 MiB of 1.1 GiB · 3 of 12 files · 2 min left". */
export function downloadText({ loadedBytes, totalBytes, files, leftMs, state }: Download): string {
  const parts = [
    totalBytes > 0
      ? `${formatBytes(loadedBytes)} of ${formatBytes(totalBytes)}`
      : `${formatBytes(loadedBytes)} so far`,
  ]
  if (files.of > 1) parts.push(`${files.done} of ${files.of} files`)
  if (state === 'running' && leftMs !== null) parts.push(`${formatDuration(leftMs)} left`)
  if (state === 'paused') parts.push('paused')
  return parts.join(' · ')
}

/** From 0 to 1; null while the size is not known. */
export function downloadShare({ loadedBytes, totalBytes }: Download): number | null {
  return totalBytes > 0 ? loadedBytes / totalBytes : null
}
