import * as openpgp from 'openpgp'

/** A key's text, and what it signed. */
export interface SignedBy {
  readonly publicKey: string
  readonly inline: string
}

const dayMs = 86_400_000

/** The same text signed by a good key, and in ways that gpgv refuses. */
export async function signedWeakly(
  text: string
): Promise<Readonly<Record<'good' | 'expired' | 'revoked', SignedBy>>> {
  const past = new Date(Date.now() - 3 * dayMs)
  const later = new Date(past.getTime() + 1000)
  const make = async (options: { keyExpirationTime?: number }) =>
    await openpgp.generateKey({
      ...{ type: 'ecc', curve: 'ed25519Legacy', userIDs: [{ name: 'x' }], date: past },
      format: 'object',
      ...options
    })
  const sign = async (privateKey: openpgp.PrivateKey) =>
    await openpgp.sign({
      message: await openpgp.createCleartextMessage({ text }),
      signingKeys: privateKey,
      date: later
    })
  const good = await make({})
  const expired = await make({ keyExpirationTime: 86_400 })
  const { publicKey: revoked } = await openpgp.revokeKey({
    key: good.privateKey,
    reasonForRevocation: { flag: openpgp.enums.reasonForRevocation.keySuperseded },
    format: 'object'
  })
  const inline = await sign(good.privateKey)
  return {
    good: { publicKey: good.publicKey.armor(), inline },
    expired: { publicKey: expired.publicKey.armor(), inline: await sign(expired.privateKey) },
    revoked: { publicKey: revoked.armor(), inline }
  }
}

export type DigestName = 'md5' | 'ripemd' | 'sha1' | 'sha256' | 'sha512'

/** A key whose certificate of itself has one digest, and what it signed with another, by RSA, which takes any. */
export async function signedByDigests(
  text: string,
  { self, data }: { readonly self: DigestName; readonly data: DigestName }
): Promise<SignedBy> {
  const config = (digest: DigestName) => ({
    preferredHashAlgorithm: openpgp.enums.hash[digest],
    rejectHashAlgorithms: new Set<openpgp.enums.hash>(),
    rejectMessageHashAlgorithms: new Set<openpgp.enums.hash>(),
    // A notation of the library that knows no salt for weak ones.
    nonDeterministicSignaturesViaNotation: false
  })
  const { privateKey, publicKey } = await openpgp.generateKey({
    ...{ type: 'rsa', rsaBits: 2048, userIDs: [{ name: 'x' }], format: 'object' },
    config: config(self)
  })
  // What the key prefers is what is signed with.
  for (const { selfCertifications } of privateKey.users) {
    for (const each of selfCertifications) {
      each.preferredHashAlgorithms = [openpgp.enums.hash[data]]
    }
  }
  const message = await openpgp.createCleartextMessage({ text })
  const inline = await openpgp.sign({ message, signingKeys: privateKey, config: config(data) })
  return { publicKey: publicKey.armor(), inline }
}

/** The digests of the signatures below a text. */
export async function digestsOf(inline: string): Promise<DigestName[]> {
  const { signature } = (await openpgp.readCleartextMessage({
    cleartextMessage: inline
  })) as unknown as { signature: openpgp.Signature }
  return Array.from(signature.packets, ({ hashAlgorithm }) => {
    return openpgp.enums.read(openpgp.enums.hash, hashAlgorithm!) as DigestName
  })
}
