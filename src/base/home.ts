import { join } from 'node:path'

/** Where everything of one Cairn lies: all of it below one folder, the home. */
export interface HomePaths {
  readonly home: string
  readonly config: string
  readonly database: string
  readonly segments: string
  /** Bytes of files being written, one plain file a draft. */
  readonly drafts: string
  /** Downloads in progress, one plain file a flight. */
  readonly flights: string
  /** Blobs being pushed, one plain file an upload. */
  readonly uploads: string
  /** Downloads of URLs that were cut, one plain file each. */
  readonly partial: string
  /** Random bytes that private keys are sealed with; mode 0600. */
  readonly keySecret: string
  readonly socket: string
  /** Held (locked) by the daemon, and holds its pid. */
  readonly lock: string
}

export function homePaths(home: string): HomePaths {
  return {
    home,
    config: join(home, 'config.yaml'),
    database: join(home, 'cairn.db'),
    segments: join(home, 'segments'),
    drafts: join(home, 'drafts'),
    flights: join(home, 'flights'),
    uploads: join(home, 'uploads'),
    partial: join(home, 'partial'),
    keySecret: join(home, 'key.secret'),
    socket: join(home, 'cairn.sock'),
    lock: join(home, 'daemon.lock')
  }
}
