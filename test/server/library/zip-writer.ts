import { crc32, deflateRawSync } from 'node:zlib'

/** A zip archive of these files, deflated, with an extra field in the local headers as many zip programs write. */
export function zipOf(files: Readonly<Record<string, string | Buffer>>): Buffer {
  const locals: Buffer[] = []
  const entries: Buffer[] = []
  let offset = 0
  for (const [name, contents] of Object.entries(files)) {
    const raw = typeof contents === 'string' ? Buffer.from(contents) : contents
    const packed = deflateRawSync(raw)
    const extra = Buffer.from([0x55, 0x54, 1, 0, 0])
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(8, 4)
    common.writeUInt32LE(crc32(raw), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(raw.length, 18)
    common.writeUInt16LE(Buffer.byteLength(name), 22)
    common.writeUInt16LE(extra.length, 24)
    const local = Buffer.concat([
      Buffer.from('PK\x03\x04', 'latin1'),
      common,
      Buffer.from(name),
      extra,
      packed,
    ])
    const central = Buffer.alloc(46)
    central.write('PK\x01\x02', 'latin1')
    common.copy(central, 6, 0, 24)
    central.writeUInt32LE(offset, 42)
    locals.push(local)
    entries.push(Buffer.concat([central, Buffer.from(name)]))
    offset += local.length
  }
  const directory = Buffer.concat(entries)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, directory, end])
}
