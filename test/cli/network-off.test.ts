import { readdir, readFile, readlink } from 'node:fs/promises'
import t from 'tap'
import { makeWorld } from './run-cairn.ts'

interface InternetSocket {
  readonly table: string
  readonly local: string
  readonly inode: string
}

/** The IP sockets of a process: https://man7.org/linux/man-pages/man5/proc_net.5.html */
async function internetSockets(pid: number): Promise<InternetSocket[]> {
  const folder = `/proc/${pid}/fd`
  const links = await Promise.all(
    (await readdir(folder)).map(fd => readlink(`${folder}/${fd}`).catch(() => ''))
  )
  const own = new Set(links.map(link => /^socket:\[(\d+)\]$/.exec(link)?.[1]))
  const tables = ['tcp', 'tcp6', 'udp', 'udp6', 'raw', 'raw6']
  const rows = await Promise.all(tables.map(table => socketsOf(pid, table)))
  return rows.flat().filter(({ inode }) => own.has(inode))
}

async function socketsOf(pid: number, table: string): Promise<InternetSocket[]> {
  const text = await readFile(`/proc/${pid}/net/${table}`, 'utf8').catch(() => '')
  return text
    .split('\n')
    .slice(1)
    .map(line => line.trim().split(/\s+/))
    .filter(fields => fields.length > 9)
    .map(fields => ({ table, local: fields[1] ?? '', inode: fields[9] ?? '' }))
}

t.test(
  'with the network off the daemon has no socket of the internet but its listener',
  async t => {
    const world = await makeWorld(t)
    const daemon = await world.start()
    await world.line(['snapshot'])
    const { port } = new URL(daemon.url)
    const listener = `0100007F:${Number(port).toString(16).toUpperCase().padStart(4, '0')}`
    const sockets = await internetSockets(daemon.child.pid!)
    t.strictSame(
      sockets.map(({ table, local }) => ({ table, local })),
      [{ table: 'tcp', local: listener }]
    )
  }
)
