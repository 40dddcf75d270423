import { CairnError } from '../base/errors.ts'

const keyBytes = 32
const head = '/key/swarm/psk/1.0.0/'

/**
 * The 32 bytes of a swarm key's file, as Kubo and others read it: the head, `/base16/` or `/base64/`, the key,
 * each on a line. Throws `invalid`. https://github.com/libp2p/specs/blob/master/pnet/Private-Networks-PSK-V1.md
 */
export function parseSwarmKey(text: string): Uint8Array {
  const [first, coding, key = '', ...more] = text.trimEnd().split(/\r?\n/)
  if (first !== head || more.length > 0) throw damaged(`it does not begin with ${head}`)
  const bytes = decode(coding, key)
  if (bytes?.byteLength === keyBytes) return bytes
  throw damaged(`its third line is not ${keyBytes} bytes in the coding that the second names`)
}

function decode(coding: string | undefined, key: string): Uint8Array | undefined {
  if (coding === '/base16/')
    return /^[0-9a-f]{64}$/i.test(key) ? Buffer.from(key, 'hex') : undefined
  if (coding !== '/base64/') throw damaged('its second line is neither /base16/ nor /base64/')
  return /^[0-9a-z+/]{43}=$/i.test(key) ? Buffer.from(key, 'base64') : undefined
}

function damaged(why: string): CairnError {
  return new CairnError('invalid', `it is no swarm key: ${why}`)
}
