import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { unpackDeb } from '../../adapters/apt/unpack-deb.ts'
import { requireClient } from '../lib/skip.ts'

async function* pieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function unpack(deb: Uint8Array, mostBytes?: number): Promise<string[]> {
  const lines: string[] = []
  for await (const entry of unpackDeb(pieces(deb), mostBytes)) {
    const hash = createHash('sha1')
    for await (const piece of entry.content ?? []) hash.update(piece)
    const body = entry.content === undefined ? (entry.target ?? '') : hash.digest('hex')
    lines.push(`${entry.path} ${entry.kind} ${entry.mode.toString(8)} ${body}`)
  }
  return lines
}

function build(t: Test, compression: string): Buffer {
  const root = t.testdir({
    tree: {
      DEBIAN: {
        control:
          'Package: cairn-test\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <nobody@example.test>\nDescription: test\n'
      },
      usr: { 'a file': 'contents', big: 'x'.repeat(300_000) }
    }
  })
  const tree = join(root, 'tree')
  mkdirSync(join(tree, 'bin'))
  writeFileSync(join(tree, 'bin/tool'), '#!/bin/sh\n')
  chmodSync(join(tree, 'bin/tool'), 0o755)
  linkSync(join(tree, 'bin/tool'), join(tree, 'bin/tool2'))
  symlinkSync('../usr/a file', join(tree, 'bin/link'))
  const deb = join(root, 'x.deb')
  execFileSync('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '-b', tree, deb], {
    stdio: 'ignore'
  })
  return readFileSync(deb)
}

for (const compression of ['xz', 'gzip', 'zstd', 'none']) {
  t.test(`what dpkg-deb -Z${compression} packs`, async t => {
    if (!requireClient(t, 'dpkg-deb')) return
    const lines = await unpack(build(t, compression))
    const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex')
    for (const line of [
      `bin/tool file 755 ${sha1('#!/bin/sh\n')}`,
      'bin/tool2 link 755 bin/tool',
      `usr/a file file 644 ${sha1('contents')}`,
      `usr/big file 644 ${sha1('x'.repeat(300_000))}`
    ]) {
      t.ok(lines.includes(line), line) || t.comment(lines)
    }
    t.ok(lines.some(line => /^bin\/link symlink \d+ \.\.\/usr\/a file$/.test(line)))
    t.ok(lines.some(line => line.startsWith('DEBIAN/control file 644 ')))
  })
}

function arMember(name: string, content: Uint8Array): Buffer {
  const header = `${name.padEnd(48)}${String(content.length).padEnd(10)}\`\n`
  const padding = Buffer.alloc(content.length % 2)
  return Buffer.concat([Buffer.from(header, 'latin1'), content, padding])
}

t.test('what is left out while unpacking is counted too, over all parts', async t => {
  const nothing = gzipSync(Buffer.alloc(1_024_000))
  const deb = (...names: string[]): Buffer =>
    Buffer.concat([Buffer.from('!<arch>\n'), ...names.map(name => arMember(name, nothing))])
  t.same(await unpack(deb('control.tar.gz', 'data.tar.gz'), 2_048_000), [])
  for (const names of [['data.tar.gz'], ['control.tar.gz', 'data.tar.gz']]) {
    await t.rejects(unpack(deb(...names), names.length * 1_024_000 - 1), { code: 'file-too-large' })
  }
  t.same(await unpack(deb('other', 'data.tar.gz'), 1_024_000), [], 'what is not unpacked is not')
})

t.test('what is no package, or a part of one', async t => {
  await t.rejects(unpack(Buffer.alloc(0)), { code: 'invalid' })
  await t.rejects(unpack(Buffer.from('PK\x03\x04 something else')), { code: 'invalid' })
  await t.rejects(unpack(Buffer.from('!<arch>\n')), { code: 'invalid', message: /data\.tar/ })
  await t.rejects(unpack(Buffer.from(`!<arch>\n${'x'.repeat(60)}`)), { code: 'corrupt' })
  if (!requireClient(t, 'dpkg-deb')) return
  const deb = build(t, 'xz')
  for (const bytes of [20, 100, 300, deb.length - 200]) {
    await t.rejects(unpack(deb.subarray(0, bytes)), { code: 'corrupt' }, `${bytes} bytes of it`)
  }
})
