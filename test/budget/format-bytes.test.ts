import { formatBytes } from '@berth/budget'
import { expect, test } from 'vitest'

test.each([
  [0, undefined, '0 B'],
  [1023, undefined, '1023 B'],
  [1000, undefined, '1000 B'],
  [1024, undefined, '1.0 KiB'],
  [2 ** 20 - 1, undefined, '1.0 MiB'],
  [150.4 * 2 ** 20, undefined, '150 MiB'],
  [8e9, undefined, '7.5 GiB'],
  [8e9, 'GB', '8.0 GB'],
  [2 ** 30, 'GiB', '1.0 GiB'],
  [2 ** 30, 'GB', '1.1 GB'],
  [2 ** 30, 'MB', '1074 MB'],
  [-(2 ** 30), undefined, '-1.0 GiB'],
] as const)('%d bytes in %s are "%s"', (bytes, unit, text) => {
  expect(formatBytes(bytes, unit)).toBe(text)
})
