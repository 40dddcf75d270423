import { join } from 'node:path'

/** A file that names this Cairn and, after it, the mirror itself: apt takes from the first that answers. */
export interface MirrorList {
  readonly file: string
  readonly text: string
  /** What stands for the repository in the sources of apt. */
  readonly uri: string
}

/** Below the root of the system that apt belongs to. */
const folder = 'etc/apt/cairn'

export function mirrorListFolder(root: string): string {
  return join(root, folder)
}

/** Whether a repository of apt's sources is one of these lists. */
export function isMirrorList(url: string): boolean {
  return url.startsWith(`mirror+file:/${folder}/`)
}

/**
 * A mirror list for each upstream, for sources that name it by `mirror+file:`. Per file apt tries the
 * smallest priority first and goes on to the next when it fails, whatever listens or does not.
 * https://manpages.debian.org/bookworm/apt/apt-transport-mirror.1
 */
export function mirrorLists(
  root: string,
  address: string,
  upstreams: Readonly<Record<string, string>>
): MirrorList[] {
  return Object.entries(upstreams).map(([name, url]) => ({
    file: join(root, folder, `${name}.list`),
    uri: `mirror+file:/${folder}/${name}.list`,
    text: `http://${address}/apt/${name}/\tpriority:1\n${url}\tpriority:2\n`
  }))
}
