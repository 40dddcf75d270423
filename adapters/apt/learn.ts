import { ByteBudget } from '../../src/base/byte-budget.ts'
import { type DigestAlgorithm, digestFromHex } from '../../src/base/digest.ts'
import { limits } from '../../src/base/limits.ts'
import type { Learned, LearnItem } from '../../src/pull/adapter.ts'
import { decompress } from './decompress.ts'
import { textLines } from './text-lines.ts'

/**
 * What a Release, InRelease, Packages or Sources file says of other files. Throws `corrupt` if it cannot be
 * decompressed, `file-too-large` if more than `limits.documentBytes` come out of it (a few kilobytes
 * can hold gigabytes of nothing), and the signal's reason.
 */
export async function* learnApt(
  item: LearnItem,
  document: AsyncIterable<Uint8Array>,
  signal?: AbortSignal
): AsyncGenerator<Learned> {
  const slash = item.key.lastIndexOf('/')
  const folder = item.key.slice(0, slash)
  const name = item.key.slice(slash + 1)
  const plain = new ByteBudget(limits.documentBytes, `what ${item.key} holds`)
  const lines = textLines(plain.pass(decompress(document), signal))
  if (name === 'InRelease' || name === 'Release') yield* learnRelease(folder, lines)
  else if (isSources(name, folder)) yield* learnSources(archiveRoot(folder), lines)
  else yield* learnPackages(archiveRoot(folder), lines)
}

function isSources(name: string, folder: string): boolean {
  return name.startsWith('Sources') || /\/source(\/by-hash\/\w+)?$/.test(folder)
}

/** Below `dists` paths count from the repository's root; a flat repository is its own folder. */
function archiveRoot(folder: string): string {
  const [adapter = '', upstream = '', ...path] = folder.split('/')
  const dists = path.indexOf('dists')
  const byHash = path.indexOf('by-hash')
  const end = dists >= 0 ? dists : byHash >= 0 ? byHash : path.length
  return [adapter, upstream, ...path.slice(0, end)].join('/')
}

const sections: Readonly<Record<string, [DigestAlgorithm, string]>> = {
  'SHA256:': ['sha256', 'SHA256'],
  'SHA512:': ['sha512', 'SHA512']
}

/**
 * The SHA256 and SHA512 lists of a Release: each file by its path and by its hash.
 * https://wiki.debian.org/DebianRepository/Format#A.22Release.22_files
 */
async function* learnRelease(
  folder: string,
  lines: AsyncIterable<string[]>
): AsyncGenerator<Learned> {
  let section: [DigestAlgorithm, string] | undefined
  for await (const batch of lines) {
    for (const line of batch) {
      if (!line.startsWith(' ')) {
        section = sections[line.trimEnd()]
        continue
      }
      if (section === undefined) continue
      yield* learnFile(folder, section, line)
    }
  }
}

function* learnFile(
  folder: string,
  [algorithm, hashFolder]: [DigestAlgorithm, string],
  line: string
): Generator<Learned> {
  const [, hex, size, path] = /^ +([0-9a-f]+) +(\d{1,15}) +(\S+)\s*$/i.exec(line) ?? []
  if (hex === undefined || path === undefined || !isSafePath(path)) return
  const digest = digestOrUndefined(algorithm, hex)
  if (digest === undefined) return
  const key = `${folder}/${path}`
  const bytes = Number(size)
  yield { key, digest, bytes }
  const parent = key.slice(0, key.lastIndexOf('/'))
  yield { key: `${parent}/by-hash/${hashFolder}/${hex.toLowerCase()}`, digest, bytes }
}

interface Stanza {
  path?: string | undefined
  size?: string | undefined
  sha256?: string | undefined
}

/** Filename, Size and SHA256 of each stanza. https://www.debian.org/doc/debian-policy/ch-controlfields.html */
async function* learnPackages(
  root: string,
  lines: AsyncIterable<string[]>
): AsyncGenerator<Learned> {
  let stanza: Stanza = {}
  for await (const batch of lines) {
    for (const line of batch) {
      if (line.startsWith('Filename:')) stanza.path = line.slice(9).trim()
      else if (line.startsWith('Size:')) stanza.size = line.slice(5).trim()
      else if (line.startsWith('SHA256:')) stanza.sha256 = line.slice(7).trim()
      else if (line === '' || line === '\r') {
        const learned = packageOf(root, stanza)
        if (learned !== undefined) yield learned
        stanza = {}
      }
    }
  }
  const last = packageOf(root, stanza)
  if (last !== undefined) yield last
}

function packageOf(root: string, { path, size, sha256 }: Stanza): Learned | undefined {
  if (path === undefined || sha256 === undefined) return undefined
  const text = Buffer.from(path, 'latin1').toString('utf8')
  const relative = text.startsWith('./') ? text.slice(2) : text
  const digest = digestOrUndefined('sha256', sha256)
  if (digest === undefined || !isSafePath(relative)) return undefined
  const key = `${root}/${relative}`
  return size !== undefined && /^\d{1,15}$/.test(size)
    ? { key, digest, bytes: Number(size) }
    : { key, digest }
}

/** Directory and Checksums-Sha256 of each stanza. https://www.debian.org/doc/debian-policy/ch-controlfields.html */
async function* learnSources(
  root: string,
  lines: AsyncIterable<string[]>
): AsyncGenerator<Learned> {
  let directory: string | undefined
  let files: string[] = []
  let listing = false
  const stanza = function* (): Generator<Learned> {
    for (const line of files) yield* sourceOf(root, directory ?? '', line)
    directory = undefined
    files = []
  }
  for await (const batch of lines) {
    for (const line of batch) {
      if (line.startsWith(' ')) {
        if (listing) files.push(line)
        continue
      }
      listing = line.startsWith('Checksums-Sha256:')
      if (line.startsWith('Directory:')) directory = line.slice(10).trim()
      else if (line === '' || line === '\r') yield* stanza()
    }
  }
  yield* stanza()
}

function* sourceOf(root: string, directory: string, line: string): Generator<Learned> {
  const [, sha256, size, name] = /^ +([0-9a-f]{64}) +(\d{1,15}) +(\S+)\s*$/i.exec(line) ?? []
  if (name === undefined) return
  const path = directory === '' || directory === '.' ? name : `${directory}/${name}`
  const learned = packageOf(root, { path, size, sha256 })
  if (learned !== undefined) yield learned
}

function digestOrUndefined(algorithm: DigestAlgorithm, hex: string): Learned['digest'] | undefined {
  try {
    return digestFromHex(algorithm, hex)
  } catch {
    return undefined
  }
}

/** A document names files of its own repository only. */
function isSafePath(path: string): boolean {
  return (
    path.length <= 4096 &&
    path.split('/').every(part => part !== '' && part !== '.' && part !== '..')
  )
}
