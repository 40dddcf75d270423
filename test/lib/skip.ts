import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { findClient, fuseLack, packageOf } from './clients.ts'

/** The part of a tap test that these functions use. */
interface Skippable {
  pass: (message: string, extra: { skip: string }) => boolean
  fail: (message: string) => boolean
}

/**
 * True if the real client is here. Else the test says so loudly: a skipped point that names the
 * client and its package, which in CI (`CI=true`) is a failed one. Throws for one that is not in scripts/lib/clients.list. Use it as the first line:
 * `if (!requireClient(t, 'rsync')) return`.
 */
export function requireClient(t: Skippable, client: string): boolean {
  const name = packageOf(client)
  if (findClient(client) !== undefined) return true
  return lacking(t, `needs ${client} (apt-get install ${name})`)
}

/** True if /dev/fuse opens for reading and writing; else as `requireClient`. */
export function requireFuse(t: Skippable): boolean {
  const lack = fuseLack()
  return lack === undefined || lacking(t, `needs FUSE: ${lack}`)
}

/** True if the test runs as root; else as `requireClient`. */
export function requireRoot(t: Skippable): boolean {
  return process.getuid?.() === 0 || lacking(t, 'needs root')
}

/** True if this machine speaks IPv6 with itself. Else a loud skip, in CI too: a bare container may have none. */
export function requireIpv6(t: Skippable): boolean {
  const here = Object.values(networkInterfaces()).flat()
  if (here.some(each => each?.address === '::1')) return true
  const why = 'needs IPv6 (sysctl net.ipv6.conf.lo.disable_ipv6=0)'
  t.pass(why, { skip: why })
  return false
}

/**
 * True if this machine lets root start containers: control groups are mounted. Else a loud skip, in CI
 * too: no package brings them, and a CI that runs in a bare container has none.
 */
export function requireContainers(t: Skippable): boolean {
  const here = / - cgroup2? /.test(readFileSync('/proc/self/mountinfo', 'utf8'))
  if (here) return true
  const why = 'needs control groups (mount a cgroup file system at /sys/fs/cgroup)'
  t.pass(why, { skip: why })
  return false
}

/** True on the condition; else as `requireClient`, with what is needed in a person's words. */
export function requireThat(t: Skippable, condition: boolean, needs: string): boolean {
  return condition || lacking(t, `needs ${needs}`)
}

function lacking(t: Skippable, why: string): false {
  const inCi = process.env.CI === 'true'
  if (inCi) t.fail(`CI must not skip this: ${why}`)
  else t.pass(why, { skip: why })
  return false
}
