import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import koffi from 'koffi'
import t from 'tap'
import { openServiceManager } from '../../src/daemon/notify-systemd.ts'

/** A datagram socket bound to a path: what systemd listens on. */
function listenDatagrams(path: string) {
  const libc = koffi.load('libc.so.6')
  const socket = libc.func('int socket(int domain, int type, int protocol)')
  const bind = libc.func('int bind(int fd, const void *address, unsigned int length)')
  const recv = libc.func('long recv(int fd, void *bytes, size_t length, int flags)')
  const close = libc.func('int close(int fd)')
  const fd: number = socket(1, 2, 0)
  const address = Buffer.concat([
    Buffer.from(new Uint16Array([1]).buffer),
    Buffer.from(`${path}\0`)
  ])
  if (bind(fd, address, address.length) !== 0) throw new Error(`cannot bind ${path}`)
  return {
    receive: (): string => {
      const bytes = Buffer.alloc(4096)
      return bytes.toString('utf8', 0, Math.max(0, recv(fd, bytes, bytes.length, 0x40)))
    },
    close: () => close(fd)
  }
}

t.test('without a service manager nothing is sent, and koffi is not loaded', async t => {
  const manager = await openServiceManager({})
  t.equal(manager.watchdogMs, undefined)
  t.doesNotThrow(() => manager.notify('READY=1'))
})

t.test('a manager that is gone is no reason to fail', async t => {
  const manager = await openServiceManager({ NOTIFY_SOCKET: '/nonexistent/socket' })
  t.doesNotThrow(() => manager.notify('READY=1'))
})

t.test('READY, STOPPING and the watchdog arrive at the socket', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-notify-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const path = join(folder, 'notify')
  const listener = listenDatagrams(path)
  t.teardown(() => listener.close())
  const environment = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '30000000' }
  const manager = await openServiceManager(environment)
  t.equal(manager.watchdogMs, 30_000)
  manager.notify('READY=1\nSTATUS=there')
  t.equal(listener.receive(), 'READY=1\nSTATUS=there')
  t.equal(listener.receive(), '', 'once')
})

t.test('a daemon under a manager says READY when it is, and STOPPING when it goes', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-notify-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'notify')
  const listener = listenDatagrams(path)
  t.teardown(() => listener.close())
  const program = new URL('../../bin/cairn', import.meta.url).pathname
  const script =
    '"$0" start --mount none --listen 127.0.0.1:0 & until "$0" status >/dev/null 2>&1; do :; done; "$0" stop; wait'
  const env = { PATH: process.env.PATH, HOME: folder, CAIRN_HOME: folder, NOTIFY_SOCKET: path }
  execFileSync('sh', ['-c', script, program], { env, stdio: 'ignore' })
  t.match(listener.receive(), /^READY=1\nSTATUS=cairn is ready: /)
  t.equal(listener.receive(), 'STOPPING=1')
})
