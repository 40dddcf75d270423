import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { SignIn } from '../access/sign-in.ts'
import { Tokens } from '../access/tokens.ts'
import { Users } from '../access/users.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Content } from './content.ts'
import { passwordGuard } from './guard.ts'
import { type HttpServer, type HttpServerOptions, openHttpServer } from './http-server.ts'
import { type Certificate, selfSigned } from './self-signed.ts'
import type { Settings } from './settings.ts'

/** The word for a certificate that is made here. */
export const selfSignedWord = 'self-signed'

/** The port for other machines. */
export interface SharedServer extends HttpServer {
  /** SHA-256 of the certificate that is shown now, for who is asked whether to trust it. */
  readonly fingerprint: string
}

export interface OpenSharedOptions {
  readonly settings: Settings
  readonly content: Pick<Content, 'database'>
  /** How often the certificate's files are read again, in milliseconds. */
  readonly renewMs?: number
}

/**
 * Opens the port for other machines: the same doors, by TLS and with a password. Undefined if none is
 * wanted. A certificate that is renewed is shown without a restart. Throws `usage` if there is no user
 * or no certificate.
 */
export async function openShared(
  { settings, content, renewMs = limits.tlsRenewMs }: OpenSharedOptions,
  options: Omit<HttpServerOptions, 'guard' | 'tls'>
): Promise<SharedServer | undefined> {
  const { share } = settings
  if (share === undefined) return undefined
  const users = new Users(content.database, systemClock)
  if (users.list().length === 0) {
    throw new CairnError(
      'usage',
      'share: there is no user who could use it: run `cairn user add NAME` first'
    )
  }
  let tls = await certificateOf(settings, systemClock)
  const guard = passwordGuard(
    new SignIn(users, systemClock, new Tokens(content.database, systemClock)),
    options.log
  )
  const server = await openHttpServer(share, { ...options, tls, guard })
  const renew = async () => {
    try {
      const now = await certificateOf(settings, systemClock)
      if (now.certificate === tls.certificate && now.key === tls.key) return
      server.secure(now)
      tls = now
      options.log.info({ fingerprint: fingerprintOf(now) }, 'the certificate was renewed')
    } catch (cause) {
      options.log.warn({ err: cause }, 'the certificate cannot be read again: the old one stays')
    }
  }
  const renewing = setInterval(() => void renew(), renewMs).unref()
  return {
    ...server,
    get fingerprint() {
      return fingerprintOf(tls)
    },
    close: async signal => {
      clearInterval(renewing)
      await server.close(signal)
    }
  }
}

function fingerprintOf({ certificate }: Certificate): string {
  return new X509Certificate(certificate).fingerprint256
}

async function certificateOf(settings: Settings, clock: Clock): Promise<Certificate> {
  const { home, tlsCertificate: certificate, tlsKey: key } = settings
  if (certificate === selfSignedWord) return await selfSigned(join(home, 'tls'), clock)
  if (certificate === undefined || key === undefined) {
    throw new CairnError(
      'usage',
      'share: other machines are served by TLS only: set tls: certificate and key to PEM files, ' +
        `or certificate to ${selfSignedWord}`
    )
  }
  const pair = { certificate: await readPem(home, certificate), key: await readPem(home, key) }
  try {
    createSecureContext({ cert: pair.certificate, key: pair.key })
  } catch (cause) {
    throw toCairnError(cause, `${certificate} and ${key} are no certificate with its key`)
  }
  return pair
}

async function readPem(home: string, path: string): Promise<string> {
  try {
    return await readFile(resolve(home, path), 'utf8')
  } catch (cause) {
    throw toCairnError(cause, `cannot read ${path} for TLS`)
  }
}
