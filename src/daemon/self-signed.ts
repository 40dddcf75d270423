import { X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { hostname, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { toCairnError } from '../base/errors.ts'

/** A certificate and its key, as PEM text. */
export interface Certificate {
  readonly certificate: string
  readonly key: string
}

const dayMs = 86_400_000
/** What Apple's clients take at most: https://support.apple.com/102028 */
const validDays = 397
/** A start makes a new one when the old one has less left. */
const renewDays = 30

/**
 * The certificate in `folder` that this machine signed for itself; made if there is none, or its
 * end is near. Throws as the file system does.
 */
export async function selfSigned(folder: string, clock: Clock): Promise<Certificate> {
  const paths = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') }
  try {
    const known = await readPair(paths)
    if (known !== undefined && lastsUntil(known) - clock.nowMs() > renewDays * dayMs) return known
    const made = await makeCertificate(clock)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await replaceFile(paths.key, made.key)
    await replaceFile(paths.certificate, made.certificate)
    return made
  } catch (cause) {
    throw toCairnError(cause, `cannot make a certificate in ${folder}`)
  }
}

/** Undefined if one of the files is not there, or they do not belong together. */
async function readPair(paths: Certificate): Promise<Certificate | undefined> {
  try {
    const certificate = await readFile(paths.certificate, 'utf8')
    const key = await readFile(paths.key, 'utf8')
    const { createPrivateKey } = await import('node:crypto')
    const fits = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))
    return fits ? { certificate, key } : undefined
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code?.startsWith('ERR_OSSL') === true) return undefined
    throw cause
  }
}

function lastsUntil({ certificate }: Certificate): number {
  return Date.parse(new X509Certificate(certificate).validTo)
}

async function replaceFile(path: string, text: string): Promise<void> {
  const beside = `${path}.${process.pid}`
  await writeFile(beside, text, { mode: 0o600, flush: true })
  await rename(beside, path)
}

/** For this machine's name and addresses, by a key on P-256: https://www.rfc-editor.org/rfc/rfc5280 */
async function makeCertificate(clock: Clock): Promise<Certificate> {
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const nowMs = clock.nowMs()
  const { digitalSignature, keyCertSign } = x509.KeyUsageFlags
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: Buffer.from(crypto.getRandomValues(new Uint8Array(15))).toString('hex'),
    name: [{ CN: [`Cairn on ${hostname()}`.slice(0, 64)] }],
    notBefore: new Date(nowMs - dayMs),
    notAfter: new Date(nowMs + (validDays - 1) * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(digitalSignature | keyCertSign, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(namesOfMachine())
    ]
  })
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
  return {
    certificate: `${made.toString('pem')}\n`,
    key: x509.PemConverter.encode(key, 'PRIVATE KEY')
  }
}

type AlternativeName = { readonly type: 'dns' | 'ip'; readonly value: string }

function namesOfMachine(): AlternativeName[] {
  const name = hostname()
  const addresses = Object.values(networkInterfaces())
    .flatMap(each => each ?? [])
    .filter(({ scopeid }) => scopeid === undefined || scopeid === 0)
    .map(({ address }) => address)
  return [
    ...[...new Set(['localhost', name, `${name}.local`])].map(
      value => ({ type: 'dns', value }) as const
    ),
    ...[...new Set(addresses)].map(value => ({ type: 'ip', value }) as const)
  ]
}
