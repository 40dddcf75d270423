import t from 'tap'
import { pack } from 'tar-stream'
import { unpackLayer } from '../../adapters/oci/unpack-layer.ts'
import { limits } from '../../src/base/limits.ts'

/** cap_setgid and cap_setuid, effective: 0x80 is no UTF-8. */
const capability = Buffer.from(`0100000280${'00'.repeat(15)}`, 'hex')

/** A header of an entry with this type flag. */
function header(name: string, flag: string, bytes: number): Buffer {
  const block = Buffer.alloc(512)
  block.write(name, 0)
  block.write('0000644\0', 100)
  block.write('0000000\0', 108)
  block.write('0000000\0', 116)
  block.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124)
  block.write('00000000000\0', 136)
  block.write('        ', 148)
  block.write(flag, 156)
  block.write('ustar\0' + '00', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

function record(name: string, value: Buffer | string): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${name}=`), Buffer.from(value), Buffer.from('\n')])
  let length = rest.length
  while (String(length).length + rest.length !== length) {
    length = String(length).length + rest.length
  }
  return Buffer.concat([Buffer.from(String(length)), rest])
}

function entry(name: string, flag: string, body: Buffer | string): Buffer {
  const bytes = Buffer.from(body)
  return Buffer.concat([
    header(name, flag, bytes.length),
    bytes,
    Buffer.alloc((512 - (bytes.length % 512)) % 512)
  ])
}

const end = Buffer.alloc(1024)

async function read(tar: Buffer, pieceBytes = 1000): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  const pieces = async function* () {
    for (let at = 0; at < tar.length; at += pieceBytes) yield tar.subarray(at, at + pieceBytes)
  }
  for await (const { path, xattrs, content } of unpackLayer(pieces())) {
    let bytes = 0
    for await (const piece of content ?? []) bytes += piece.length
    const shown = [...(xattrs ?? [])].map(([name, value]) => [
      name,
      Buffer.from(value).toString('hex')
    ])
    found[path] = { bytes, ...Object.fromEntries(shown) }
  }
  return found
}

t.test('attributes are bytes, of the entry they stand before', async t => {
  const tar = Buffer.concat([
    entry('plain', '0', 'x'.repeat(700)),
    entry(
      'pax',
      'x',
      Buffer.concat([
        record('path', 'uidmap'),
        record('SCHILY.xattr.security.capability', capability),
        record('SCHILY.xattr.user.note', 'ä=\n1 2')
      ])
    ),
    entry('short', '0', 'y'.repeat(512)),
    entry('next', '0', 'z'),
    entry('pax', 'x', record('SCHILY.xattr.user.a', '')),
    entry('long', 'L', 'a/longer/name\0'),
    entry('cut', '0', ''),
    entry('pax', 'x', record('mtime', '1')),
    entry('last', '0', 'w'),
    end
  ])
  const note = Buffer.from('ä=\n1 2').toString('hex')
  for (const size of [1, 7, 511, 512, 513, 100_000]) {
    t.strictSame(await read(tar, size), {
      plain: { bytes: 700 },
      uidmap: { bytes: 512, 'security.capability': capability.toString('hex'), 'user.note': note },
      next: { bytes: 1 },
      'a/longer/name': { bytes: 0, 'user.a': '' },
      last: { bytes: 1 }
    })
  }
})

t.test('a size that stands in the extended header counts', async t => {
  const body = Buffer.alloc(1024, 'x'.repeat(512))
  const sized = entry('big', '0', body)
  header('big', '0', 0).copy(sized, 0)
  const tar = Buffer.concat([
    entry('pax', 'x', record('size', '1024')),
    sized,
    entry('pax', 'x', record('SCHILY.xattr.user.a', 'b')),
    entry('after', '0', ''),
    end
  ])
  t.strictSame(await read(tar), { big: { bytes: 1024 }, after: { bytes: 0, 'user.a': '62' } })
})

t.test('what would mean something else on this machine is left out', async t => {
  const names = [
    'security.selinux',
    'security.ima',
    'trusted.overlay.opaque',
    'user.overlay.redirect',
    'user.cairn.cid',
    'user.',
    'system.posix_acl_access',
    `user.${'x'.repeat(255)}`,
    'user.nul\0'
  ]
  const records = names.map(name => record(`SCHILY.xattr.${name}`, 'x'))
  records.push(record('SCHILY.xattr.user.big', Buffer.alloc(65_537)))
  const tar = Buffer.concat([entry('pax', 'x', Buffer.concat(records)), entry('a', '0', ''), end])
  t.strictSame(await read(tar), { a: { bytes: 0 } })
})

t.test('damaged records are passed over, an endless header is refused', async t => {
  const good = record('SCHILY.xattr.user.a', 'b')
  const table: Array<[string, Buffer]> = [
    ['no length', Buffer.from('SCHILY.xattr.user.a=b\n')],
    ['a length past the end', Buffer.from('9999 SCHILY.xattr.user.a=b\n')],
    ['a length of nothing', Buffer.from('0 SCHILY.xattr.user.a=b\n')],
    ['a length short of its own digits', Buffer.from('1 SCHILY.xattr.user.a=b\n')],
    ['no equals sign', Buffer.from('20 SCHILY.xattr.user\n')],
    ['cut', good.subarray(0, 10)]
  ]
  for (const [name, bytes] of table) {
    const tar = Buffer.concat([entry('pax', 'x', bytes), entry('a', '0', ''), end])
    t.strictSame(await read(tar), { a: { bytes: 0 } }, name)
  }
  const endless = Buffer.concat([header('pax', 'x', limits.sideFactsBytes + 1), Buffer.alloc(4096)])
  await t.rejects(read(endless), { code: 'invalid', message: /extended header/ })
})

t.test('tars that others write are followed to their end', async t => {
  const tar = pack()
  for (let at = 0; at < 300; at++) {
    const name = `${'d/'.repeat(at % 120)}${at}`
    const pax = at % 3 === 0 ? { 'SCHILY.xattr.user.at': String(at) } : undefined
    tar.entry({ name, ...(pax === undefined ? {} : { pax }) }, 'x'.repeat(at * 7))
  }
  tar.finalize()
  const pieces: Buffer[] = []
  for await (const piece of tar) pieces.push(piece as Buffer)
  const found = Object.entries(await read(Buffer.concat(pieces), 333))
  t.equal(found.length, 300)
  for (const [path, facts] of found) {
    const at = Number(path.split('/').at(-1))
    const own = at % 3 === 0 ? { 'user.at': Buffer.from(String(at)).toString('hex') } : {}
    t.strictSame(facts, { bytes: at * 7, ...own }, path)
  }
})
