import { createReadStream } from 'node:fs'
import { systemClock } from '../../base/clock.ts'
import { CairnError } from '../../base/errors.ts'
import { loadSettings, type Settings } from '../../daemon/settings.ts'
import type { Imported, ImportOptions, Ingest } from '../../ingest/api.ts'
import { openIngest } from '../../ingest/open.ts'
import type { Cli, CommonOptions } from '../cli.ts'
import { parseCid } from '../parse-cid.ts'
import { openProgress } from '../progress.ts'
import { withContent } from '../with-content.ts'

export interface AddOptions extends CommonOptions {
  readonly profile?: string
  readonly onlyHash?: boolean
  readonly expect?: string
  readonly tar?: boolean
  readonly metadata?: boolean
}

/**
 * Imports each path (`-` is standard input), pins it by its path and prints its CID. Throws
 * `mismatch`, having pinned nothing, if it is not the one expected.
 */
export async function add(cli: Cli, paths: readonly string[], options: AddOptions): Promise<void> {
  const expected = options.expect === undefined ? undefined : parseCid(options.expect)
  if (expected !== undefined && paths.length > 1) {
    throw new CairnError('usage', '--expect names one CID: give one path')
  }
  if (paths.filter(path => path === '-').length > 1) {
    throw new CairnError('usage', 'standard input (-) can be read once: give it once')
  }
  const settings = await loadSettings({
    flags: { home: options.home, profile: options.profile },
    environment: cli.environment
  })
  await withContent(settings.home, async content => {
    const ingest = openIngest({
      blocks: content.store,
      store: { database: content.paths.database, segments: content.paths.segments },
      threads: settings.threads
    })
    try {
      for (const path of paths) {
        const imported = await importOne(cli, ingest, path, settings, options)
        if (expected !== undefined && !imported.cid.equals(expected)) {
          throw new CairnError('mismatch', `${path} is ${imported.cid}, not ${expected}`)
        }
        if (options.onlyHash !== true) content.roots.pin(imported.cid, { label: path })
        tell(cli, path, imported, options)
      }
    } finally {
      await ingest.close()
    }
  })
}

async function importOne(
  cli: Cli,
  ingest: Ingest,
  path: string,
  settings: Settings,
  options: AddOptions
): Promise<Imported> {
  const progress = await openProgress(cli.terminal, `adding ${path}`, 'file', systemClock)
  const how: ImportOptions = {
    profile: settings.profile,
    metadata: options.metadata ?? settings.metadata,
    onlyHash: options.onlyHash === true,
    durable: options.onlyHash !== true,
    signal: cli.signal,
    onProgress: ({ files, bytes, filesFound, totalBytes, complete }) =>
      progress.update({
        things: files,
        totalThings: complete ? filesFound : undefined,
        bytes,
        totalBytes
      })
  }
  try {
    if (options.tar === true) return await ingest.importTar(openInput(cli, path), how)
    return await (path === '-' ? ingest.importStream(cli.stdin, how) : ingest.importPath(path, how))
  } finally {
    progress.stop()
  }
}

function openInput(cli: Cli, path: string): AsyncIterable<Uint8Array> {
  return path === '-' ? cli.stdin : createReadStream(path, { highWaterMark: 1024 * 1024 })
}

function tell(cli: Cli, path: string, imported: Imported, options: AddOptions): void {
  for (const warning of imported.warnings) cli.terminal.note(`cairn: ${warning}`)
  const { cid, profile, files, directories, symlinks, bytes } = imported
  if (options.json !== true) cli.terminal.print(cid.toString())
  else {
    const counts = { files, directories, symlinks, bytes }
    cli.terminal.printJson({ path, cid: cid.toString(), profile, ...counts })
  }
}
