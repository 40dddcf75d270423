import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa, type Result } from 'execa'

export interface AptClient {
  readonly root: string
  run: (...args: string[]) => Promise<Result>
  /** Names of the packages downloaded. */
  archives: () => string[]
  remove: () => void
}

export interface AptClientOptions {
  /** Lines of sources.list. */
  readonly sources: readonly string[]
  /** More of apt.conf. */
  readonly config?: string
  /** The program, and its first arguments, that runs it elsewhere: `nsenter …`. */
  readonly through?: readonly string[]
}

/** A real apt-get that knows nothing of this machine: its own sources, lists, cache and empty dpkg status. */
export function openAptClient({ sources, config = '', through = [] }: AptClientOptions): AptClient {
  const root = mkdtempSync(join(tmpdir(), 'cairn-apt-'))
  for (const folder of ['etc/parts', 'etc/sources', 'etc/preferences', 'etc/trusted', 'etc/auth']) {
    mkdirSync(join(root, folder), { recursive: true })
  }
  for (const folder of ['state/lists/partial', 'cache/archives/partial', 'log']) {
    mkdirSync(join(root, folder), { recursive: true })
  }
  writeFileSync(join(root, 'status'), '')
  writeFileSync(join(root, 'etc/sources/test.list'), `${sources.join('\n')}\n`)
  writeFileSync(join(root, 'apt.conf'), `${configOf(root)}${config}`)
  return {
    root,
    run: (...args) =>
      execa('env', [...through, 'apt-get', ...args], {
        env: { APT_CONFIG: join(root, 'apt.conf'), LC_ALL: 'C' },
        // Where `apt-get source` puts what it fetches.
        cwd: root,
        all: true,
        reject: false,
        stdin: 'ignore'
      }) as unknown as Promise<Result>,
    archives: () => readdirSync(join(root, 'cache/archives')).filter(name => name.endsWith('.deb')),
    remove: () => rmSync(root, { recursive: true, force: true })
  }
}

function configOf(root: string): string {
  return `
Dir::Etc::parts "${root}/etc/parts";
Dir::Etc::sourceparts "${root}/etc/sources";
Dir::Etc::preferencesparts "${root}/etc/preferences";
Dir::Etc::trustedparts "${root}/etc/trusted";
Dir::Etc::netrcparts "${root}/etc/auth";
Dir::Etc::main "/dev/null";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::trusted "/dev/null";
Dir::State "${root}/state";
Dir::State::status "${root}/status";
Dir::State::lists "${root}/state/lists";
Dir::Cache "${root}/cache";
Dir::Log "${root}/log";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Acquire::Check-Date "false";
Debug::NoLocking "true";
`
}
