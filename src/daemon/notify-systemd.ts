import { toCairnError } from '../base/errors.ts'

/**
 * Tells the service manager how the daemon does: https://www.freedesktop.org/software/systemd/man/sd_notify.html
 * Node has no unix datagram sockets, so the three calls are made through koffi; it is loaded only
 * where a service manager asked for it.
 */
export interface ServiceManager {
  /** Sends `READY=1`, `STOPPING=1`, `STATUS=…`. */
  notify: (message: string) => void
  /** How often `WATCHDOG=1` is expected at least, in milliseconds. */
  readonly watchdogMs: number | undefined
}

const unixFamily = 1
const datagramCloseOnExec = 2 | 0o2000000

/** The manager that `NOTIFY_SOCKET` names, or one that hears nothing. Throws `invalid` for an address it cannot have. */
export async function openServiceManager(
  environment: Readonly<Record<string, string | undefined>>
): Promise<ServiceManager> {
  const address = environment.NOTIFY_SOCKET
  if (address === undefined || address === '') return { notify: () => {}, watchdogMs: undefined }
  const micros = Number(environment.WATCHDOG_USEC)
  return {
    notify: await openSender(address),
    watchdogMs: Number.isSafeInteger(micros) && micros > 0 ? micros / 1000 : undefined
  }
}

async function openSender(address: string): Promise<(message: string) => void> {
  const { default: koffi } = await import('koffi')
  const libc = koffi.load('libc.so.6')
  const socket = libc.func('int socket(int domain, int type, int protocol)')
  const sendto = libc.func(
    'long sendto(int fd, const void *bytes, size_t length, int flags, const void *address, unsigned int addressLength)'
  )
  const close = libc.func('int close(int fd)')
  const to = socketAddress(address)
  return message => {
    const fd: number = socket(unixFamily, datagramCloseOnExec, 0)
    if (fd < 0) throw toCairnError(new Error('no socket'), 'cannot notify the service manager')
    const bytes = Buffer.from(message)
    sendto(fd, bytes, bytes.length, 0, to, to.length)
    close(fd)
  }
}

/** sockaddr_un: the family, then the path; a leading `@` names an abstract socket. */
function socketAddress(address: string): Buffer {
  const family = Buffer.alloc(2)
  const path = Buffer.from(address.startsWith('@') ? `\0${address.slice(1)}` : `${address}\0`)
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] === 1) family.writeUInt16LE(unixFamily)
  else family.writeUInt16BE(unixFamily)
  return Buffer.concat([family, path])
}
