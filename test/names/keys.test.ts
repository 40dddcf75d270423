import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseIpnsName, readIpnsName } from '../../src/names/ipns-name.ts'
import {
  exportPrivateKey,
  importPrivateKey,
  nameOfKey,
  privateKeyOfSeed,
  publicKeyBytes
} from '../../src/names/key-forms.ts'
import { KeyRing } from '../../src/names/keys.ts'
import { type SealingSecret, seal, unseal } from '../../src/names/seal-secret.ts'
import { readSealingSecret } from '../../src/names/sealing-secret.ts'
import { fails } from '../lib/fails.ts'
import { makeNames } from './names-home.ts'

const key = privateKeyOfSeed(Buffer.alloc(32, 7))
const name = nameOfKey(publicKeyBytes(key))

t.test('what is no Ed25519 key is not imported', async t => {
  const pem = (type: 'x25519' | 'ed448') =>
    generateKeyPairSync(type as 'ed448').privateKey.export({ format: 'pem', type: 'pkcs8' })
  const libp2p = Buffer.from(exportPrivateKey(key, 'libp2p'))
  const changed = Buffer.from(libp2p)
  changed[60] = (changed[60] ?? 0) ^ 1
  for (const [what, bytes, code] of [
    ['nothing', Buffer.alloc(0), 'invalid'],
    ['noise', Buffer.from('not a key at all'), 'invalid'],
    ['PEM cut off', Buffer.from(exportPrivateKey(key, 'pem')).subarray(0, 60), 'invalid'],
    ['PEM of another kind', Buffer.from(pem('ed448')), 'unsupported'],
    ['protobuf cut off', libp2p.subarray(0, 30), 'invalid'],
    ['protobuf whose halves differ', changed, 'invalid'],
    ['an RSA key', Buffer.from('08001203010203', 'hex'), 'unsupported'],
    [
      'an oversized key',
      Buffer.concat([Buffer.from('080112c801', 'hex'), Buffer.alloc(200)]),
      'invalid'
    ]
  ] as const) {
    fails(t, code, () => importPrivateKey(bytes), what)
  }
})

t.test('both forms come back as the same key', async t => {
  for (const form of ['pem', 'libp2p'] as const) {
    const again = importPrivateKey(exportPrivateKey(key, form))
    t.equal(nameOfKey(publicKeyBytes(again)), name, form)
  }
  t.match(Buffer.from(exportPrivateKey(key, 'pem')).toString(), /^-----BEGIN PRIVATE KEY-----/)
  t.equal(exportPrivateKey(key, 'libp2p').byteLength, 68)
})

t.test('a name is read in every form it is written in, and nothing else is one', async t => {
  // One key by the specification of peer ids: base58, and CIDs in base36 and base32.
  const k51 = 'k51qzi5uqu5dl8kevgwhyor5bgzvz2uu397k5s6tcywfx6lqkkgfgyeiqppv12'
  t.equal(readIpnsName(k51), k51)
  t.equal(readIpnsName(`K${k51.slice(1).toUpperCase()}`), k51)
  t.match(readIpnsName('12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA'), /^k51/)
  t.match(readIpnsName('QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'), /^k2k/)
  for (const text of [
    '',
    'k51',
    'example.org',
    '12D3Koo',
    '1',
    'bafkqaaa',
    'bafkreidfdrlkeq4m4xnxuyx6iae76fdm4wgl5d4xzsb77ixhyqwumhz244',
    `${k51}0000000000000`,
    'x'.repeat(5000)
  ]) {
    t.equal(readIpnsName(text), undefined, JSON.stringify(text.slice(0, 40)))
  }
  fails(t, 'usage', () => parseIpnsName('example'))
})

t.test(
  'a sealed key opens with its secret only, for its name only, and unchanged only',
  async t => {
    const secret = { kind: 'file', bytes: Buffer.alloc(32, 1) } as const
    const sealed = seal(secret, name, Buffer.from('seed'))
    t.equal(Buffer.from(unseal(secret, name, sealed)).toString(), 'seed')
    t.notOk(Buffer.from(sealed).includes('seed'))
    t.not(
      Buffer.compare(sealed, seal(secret, name, Buffer.from('seed'))),
      0,
      'another salt each time'
    )
    fails(t, 'denied', () => unseal({ kind: 'file', bytes: Buffer.alloc(32, 2) }, name, sealed))
    fails(t, 'denied', () => unseal(secret, `${name}x`, sealed), 'the row of another key')
    for (let at = 0; at < sealed.byteLength; at++) {
      const changed = Uint8Array.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      fails(t, 'denied', () => unseal(secret, name, changed), `byte ${at} changed`)
    }
    fails(t, 'denied', () => unseal(secret, name, sealed.subarray(0, 20)), 'cut off')
    const phrase = { kind: 'passphrase', bytes: Buffer.from('correct horse') } as const
    const kept = seal(phrase, name, Buffer.from('seed'))
    t.equal(Buffer.from(unseal(phrase, name, kept)).toString(), 'seed')
    t.match(fails(t, 'denied', () => unseal(secret, name, kept)).message, 'passphraseFile')
    fails(t, 'denied', () => unseal({ ...phrase, bytes: Buffer.from('wrong') }, name, kept))
  }
)

t.test('the secret of a home is made once, for its owner only', async t => {
  const path = join(t.testdir(), 'key.secret')
  const made = readSealingSecret(path, undefined)
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.strictSame(readSealingSecret(path, undefined), made)
  t.strictSame(made.bytes, readFileSync(path))
  chmodSync(path, 0o640)
  t.match(fails(t, 'denied', () => readSealingSecret(path, undefined)).message, 'chmod 600')
  chmodSync(path, 0o600)
  writeFileSync(path, 'short')
  fails(t, 'invalid', () => readSealingSecret(path, undefined), 'another took its place')
})

t.test('a passphrase is the first line of a private file', async t => {
  const folder = t.testdir({ phrase: 'correct horse\nnote\n', empty: '\n', long: 'x'.repeat(5000) })
  const secret = join(folder, 'key.secret')
  const read = (file: string) => readSealingSecret(secret, join(folder, file))
  fails(t, 'denied', () => read('phrase'), 'others may read it')
  for (const file of ['phrase', 'empty', 'long']) chmodSync(join(folder, file), 0o600)
  t.strictSame(read('phrase'), { kind: 'passphrase', bytes: Buffer.from('correct horse') })
  fails(t, 'invalid', () => read('empty'))
  fails(t, 'invalid', () => read('long'))
  fails(t, 'not-found', () => read('none'))
  t.notOk(existsSync(secret), 'no other secret is made')
})

t.test('keys are sealed with another secret all together, and never lost', async t => {
  const home = makeNames(t)
  const old = { kind: 'file', bytes: Buffer.alloc(32, 1) } as const
  const next = { kind: 'passphrase', bytes: Buffer.from('correct horse') } as const
  const ringOf = (secret: SealingSecret) =>
    new KeyRing({ database: home.database, clock: { nowMs: () => 0 }, secret: () => secret })
  const { name } = ringOf(old).create('one')
  const exported = ringOf(old).export(name, 'pem')
  ringOf(next).create('two')
  const wrong = { kind: 'passphrase', bytes: Buffer.from('wrong') } as const
  const stranger = { kind: 'file', bytes: Buffer.alloc(32, 9) } as const
  fails(t, 'denied', () => ringOf(next).reseal(wrong), 'neither opens it')
  fails(t, 'denied', () => ringOf(stranger).reseal(old), 'another is sealed with neither')
  t.same(ringOf(old).export(name, 'pem'), exported, 'and all stay as they were')
  t.equal(ringOf(next).reseal(old), 1, 'the other is sealed with it already')
  t.same(ringOf(next).export(name, 'pem'), exported)
  fails(t, 'denied', () => ringOf(old).export(name, 'pem'), 'the old secret opens nothing any more')
  t.equal(ringOf(next).reseal(old), 0, 'a second time changes nothing')
})
