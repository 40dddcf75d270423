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
