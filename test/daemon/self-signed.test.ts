import { X509Certificate } from 'node:crypto'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { selfSigned } from '../../src/daemon/self-signed.ts'

const nowMs = Date.parse('2026-01-02T03:04:05Z')
const dayMs = 86_400_000
const at = (ms: number) => ({ nowMs: () => ms })

t.test('a certificate is made once, for this machine, and renewed before its end', async t => {
  const folder = join(t.testdir(), 'tls')
  const made = await selfSigned(folder, at(nowMs))
  const x509 = new X509Certificate(made.certificate)
  t.equal(x509.checkIP('127.0.0.1'), '127.0.0.1')
  t.equal(x509.checkHost('localhost'), 'localhost')
  t.ok(x509.verify(x509.publicKey))
  t.ok(Date.parse(x509.validFrom) < nowMs)
  t.ok(Date.parse(x509.validTo) - Date.parse(x509.validFrom) <= 398 * dayMs)
  t.strictSame(await selfSigned(folder, at(nowMs + 300 * dayMs)), made)
  t.not((await selfSigned(folder, at(nowMs + 380 * dayMs))).certificate, made.certificate)
  t.equal(statSync(join(folder, 'key.pem')).mode & 0o777, 0o600)
  t.equal(readdirSync(folder).length, 2)
})

t.test('a pair that is torn or does not belong together is made anew', async t => {
  const folder = join(t.testdir(), 'tls')
  const other = join(t.testdirName, 'other')
  const made = await selfSigned(folder, at(nowMs))
  const { key } = await selfSigned(other, at(nowMs))
  for (const text of [key, '', made.key.slice(0, 80)]) {
    writeFileSync(join(folder, 'key.pem'), text)
    const again = await selfSigned(folder, at(nowMs))
    t.not(again.key, text)
    t.not(again.certificate, made.certificate)
  }
})

t.test('a folder that cannot be made is said', async t => {
  const file = join(t.testdir({ file: '' }), 'file')
  await t.rejects(selfSigned(join(file, 'tls'), at(nowMs)), /cannot make a certificate in/)
})
