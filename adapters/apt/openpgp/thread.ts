import { parentPort, workerData } from 'node:worker_threads'
import * as openpgp from 'openpgp'
import { CairnError } from '../../../src/base/errors.ts'
import type { KeyPair, OpenpgpAnswer, OpenpgpJob, Signed, Verified } from './jobs.ts'

if (parentPort !== null) void run(parentPort, workerData as OpenpgpJob)

async function run(port: NonNullable<typeof parentPort>, job: OpenpgpJob): Promise<void> {
  const say = (answer: OpenpgpAnswer): void => port.postMessage(answer)
  try {
    if (job.kind === 'verify') say({ kind: 'verify', result: await verify(job) })
    else if (job.kind === 'make-key') say({ kind: 'make-key', result: await makeKey(job.name) })
    else say({ kind: 'sign', result: await sign(job) })
  } catch (cause) {
    say({ kind: 'failed', message: cause instanceof Error ? cause.message : String(cause) })
  }
}

type VerifyJob = Extract<OpenpgpJob, { kind: 'verify' }>

const { md5, ripemd, sha1 } = openpgp.enums.hash

/**
 * As gpgv has it for apt: nothing counts that hangs on MD5 or RIPEMD, nor a document on SHA-1, of which two
 * can be made to have one digest. A key may certify itself by it: the operator vouches for the keyring.
 */
const policy = {
  rejectHashAlgorithms: new Set([md5, ripemd]),
  rejectMessageHashAlgorithms: new Set([md5, ripemd, sha1]),
  minRSABits: 2047
}

/** One good signature of a key in the keyring is enough, as for apt: archives sign with old and new keys. */
async function verify({ keyring, document, signature }: VerifyJob): Promise<Verified> {
  const verificationKeys = await readKeys(keyring)
  const { signatures } = await (signature === undefined
    ? verifyInline(document, verificationKeys)
    : verifyDetached(document, signature, verificationKeys))
  if (signatures.length === 0) return { problem: 'it is not signed' }
  const problems: string[] = []
  for (const { keyID, verified } of signatures) {
    try {
      await verified
      await refuseEnded(verificationKeys, keyID)
      return { problem: undefined }
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause)
      problems.push(`${keyID.toHex().toUpperCase()}: ${message}`)
    }
  }
  return { problem: problems.join('; ') }
}

/** The library asks whether a key was good when it signed; what one signs that ran out or was revoked since may be anybody's. */
async function refuseEnded(keys: openpgp.PublicKey[], keyId: openpgp.KeyID): Promise<void> {
  for (const key of keys) {
    for (const each of key.getKeys(keyId)) {
      const ends = [await key.getExpirationTime()]
      if (each instanceof openpgp.Subkey) ends.push(await each.getExpirationTime())
      const isOver = ends.some(end => end === null || Number(end) <= Date.now())
      if (isOver) throw new CairnError('denied', 'the key is expired by now')
      if (await key.isRevoked()) throw new CairnError('denied', 'the key is revoked')
    }
  }
}

/** What stands before or after the signed part is signed by nobody, and would be read all the same. */
const oneSignedPart =
  /^-----BEGIN PGP SIGNED MESSAGE-----\r?\n(?![\s\S]*\n-----BEGIN PGP SIGNED)[\s\S]*\n-----END PGP SIGNATURE-----\s*$/

async function verifyInline(document: Uint8Array, verificationKeys: openpgp.PublicKey[]) {
  const cleartextMessage = Buffer.from(document).toString('utf8')
  if (!oneSignedPart.test(cleartextMessage)) return { signatures: [] }
  const message = await openpgp.readCleartextMessage({ cleartextMessage })
  return await openpgp.verify({ message, verificationKeys, config: policy })
}

async function verifyDetached(
  document: Uint8Array,
  signature: Uint8Array,
  verificationKeys: openpgp.PublicKey[]
) {
  const armoured = isArmoured(signature)
  const parsed = armoured
    ? await openpgp.readSignature({ armoredSignature: Buffer.from(signature).toString('latin1') })
    : await openpgp.readSignature({ binarySignature: signature })
  const message = await openpgp.createMessage({ binary: document })
  return await openpgp.verify({ message, signature: parsed, verificationKeys, config: policy })
}

async function readKeys(keyring: Uint8Array): Promise<openpgp.PublicKey[]> {
  if (!isArmoured(keyring)) return await openpgp.readKeys({ binaryKeys: keyring })
  const text = Buffer.from(keyring).toString('latin1')
  const blocks = text.match(/-----BEGIN PGP [^-]+-----[\s\S]+?-----END PGP [^-]+-----/g) ?? []
  const keys = await Promise.all(blocks.map(armoredKeys => openpgp.readKeys({ armoredKeys })))
  return keys.flat()
}

function isArmoured(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 4096)).includes('-----BEGIN PGP')
}

async function makeKey(name: string): Promise<KeyPair> {
  const { privateKey, publicKey } = await openpgp.generateKey({
    type: 'ecc',
    curve: 'ed25519Legacy',
    userIDs: [{ name }],
    // A minute back: a client whose clock is a little behind ours must not find it not yet valid.
    date: new Date(Date.now() - 60_000),
    format: 'armored'
  })
  return { privateKey, publicKey }
}

async function sign(job: Extract<OpenpgpJob, { kind: 'sign' }>): Promise<Signed> {
  const signingKeys = await openpgp.readPrivateKey({ armoredKey: job.privateKey })
  const cleartext = await openpgp.createCleartextMessage({ text: job.text })
  const message = await openpgp.createMessage({ binary: Buffer.from(job.text) })
  const inline = await openpgp.sign({ message: cleartext, signingKeys })
  return {
    // What is signed is the text with CRLF, whatever stands there: files here have LF.
    inline: inline.replaceAll('\r\n', '\n'),
    detached: String(await openpgp.sign({ message, signingKeys, detached: true }))
  }
}
