import t, { type Test } from 'tap'
import { toCairnError } from '../../../src/base/errors.ts'
import { type Name, toName } from '../../../src/base/names.ts'
import { fileType, type RenameOptions } from '../../../src/vfs/api.ts'
import type { Mfs } from '../../../src/vfs/mfs/api.ts'
import { checkMfs } from '../../../src/vfs/mfs/check.ts'
import {
  at,
  caller,
  makeFile,
  makeFolder,
  names,
  openTree,
  place,
  readText,
  writeText
} from './open-tree.ts'

const longest = 'n'.repeat(255)

/** A tree with the same content however it came about: as rows, or as blocks nobody unfolded. */
async function withTrees(t: Test, name: string, run: (t: Test, tree: Mfs) => void): Promise<void> {
  for (const form of ['rows', 'sealed rows', 'blocks'] as const) {
    await t.test(`${name} (${form})`, async t => {
      const { tree, database, drafts, close } = openTree(t.testdir())
      fill(tree)
      if (form !== 'rows') {
        const { cid } = await tree.seal()
        if (form === 'blocks') await tree.restore(cid)
        if (form === 'blocks') await replant(tree)
      }
      run(t, tree)
      t.same(checkMfs(database, drafts).problems, [])
      await tree.seal()
      t.same(checkMfs(database, drafts).problems, [], 'and after sealing')
      close()
    })
  }
}

/** Moves the root away from the sealed tree and back: what comes back has no rows. */
async function replant(tree: Mfs): Promise<void> {
  const [newest] = tree.history({ limit: 1 })
  makeFile(tree, 'passing')
  await tree.seal()
  if (newest !== undefined) await tree.restore(newest.cid)
}

function fill(tree: Mfs): void {
  makeFile(tree, 'file', 'file')
  makeFile(tree, 'other', 'other')
  makeFolder(tree, 'empty')
  makeFolder(tree, 'full')
  makeFolder(tree, 'full/below')
  makeFile(tree, 'full/below/deep', 'deep')
  tree.makeSymlink(tree.root, toName('link'), Buffer.from('file'), caller)
}

function codeOf(call: () => unknown): string {
  try {
    call()
    return 'ok'
  } catch (error) {
    return toCairnError(error).code
  }
}

t.test('calls that fail, with the error POSIX gives them the most weight', t =>
  withTrees(t, 'errors', (t, tree) => {
    const file = at(tree, 'file')
    const wide = { name: 'n'.repeat(256) as Name }
    const cases: Array<[string, string, () => unknown]> = [
      ['lookup of nothing', 'not-found', () => tree.lookup(tree.root, toName('none'))],
      ['lookup in a file', 'not-directory', () => tree.lookup(file, toName('x'))],
      ['lookup of a long name', 'name-too-long', () => tree.lookup(tree.root, wide.name)],
      [
        'mkdir over a file',
        'exists',
        () => tree.makeDirectory(tree.root, toName('file'), 0, caller)
      ],
      ['mkdir in a file', 'not-directory', () => tree.makeDirectory(file, toName('x'), 0, caller)],
      ['mkdir of a long name', 'name-too-long', () => tree.makeDirectory(1, wide.name, 0, caller)],
      ['create over a symlink', 'exists', () => tree.createFile(1, toName('link'), 0, caller)],
      ['mknod of a directory', 'invalid', () => tree.makeNode(1, toName('x'), 0o040755, 0, caller)],
      ['a slash in a name', 'invalid', () => tree.createFile(1, 'a/b' as Name, 0, caller)],
      ['a NUL in a name', 'invalid', () => tree.createFile(1, 'a\0' as Name, 0, caller)],
      ['unlink of a directory', 'is-directory', () => tree.remove(tree.root, toName('empty'))],
      ['unlink of nothing', 'not-found', () => tree.remove(tree.root, toName('none'))],
      ['rmdir of a file', 'not-directory', () => tree.removeDirectory(tree.root, toName('file'))],
      ['rmdir of a full one', 'not-empty', () => tree.removeDirectory(tree.root, toName('full'))],
      [
        'link to a directory',
        'not-permitted',
        () => tree.makeLink(at(tree, 'empty'), 1, toName('x'))
      ],
      ['link over a name', 'exists', () => tree.makeLink(file, tree.root, toName('other'))],
      ['readlink of a file', 'invalid', () => tree.readLink(file)],
      ['read of a directory', 'is-directory', () => tree.read(tree.root, Buffer.alloc(1), 0)],
      ['open a directory to write', 'is-directory', () => tree.openForWriting(tree.root, false)],
      ['truncate a directory', 'is-directory', () => tree.change(tree.root, { size: 0 }, caller)],
      ['truncate a symlink', 'invalid', () => tree.change(at(tree, 'link'), { size: 0 }, caller)],
      ['a size below zero', 'invalid', () => tree.change(file, { size: -1 }, caller)],
      ['a size beyond all', 'file-too-large', () => tree.change(file, { size: 2 ** 60 }, caller)],
      ['write without open', 'invalid', () => tree.write(file, Buffer.from('x'), 0)],
      ['an inode never made', 'not-found', () => tree.attributes(999_999_999)],
      [
        'a symlink too long',
        'name-too-long',
        () => tree.makeSymlink(1, toName('x'), Buffer.alloc(4096), caller)
      ]
    ]
    for (const [title, code, call] of cases) t.equal(codeOf(call), code, title)
    t.same(names(tree, tree.root), ['empty', 'file', 'full', 'link', 'other'], 'nothing changed')
  })
)

const renames: Array<[string, string, RenameOptions['mode'], string]> = [
  ['none', 'x', 'replace', 'not-found'],
  ['file', 'empty', 'replace', 'is-directory'],
  ['empty', 'file', 'replace', 'not-directory'],
  ['empty', 'full', 'replace', 'not-empty'],
  ['full', 'full/below/x', 'replace', 'invalid'],
  ['full', 'full/x', 'replace', 'invalid'],
  ['full', 'full/below', 'replace', 'invalid'],
  ['full/below', 'full', 'replace', 'not-empty'],
  ['file', 'other', 'no-replace', 'exists'],
  ['file', 'file', 'no-replace', 'exists'],
  ['file', 'none', 'exchange', 'not-found'],
  ['full', 'full/below', 'exchange', 'invalid'],
  ['full/below', 'full', 'exchange', 'invalid'],
  ['file', 'file', 'replace', 'ok'],
  ['file', 'x', 'no-replace', 'ok'],
  ['file', longest, 'replace', 'ok'],
  ['file', 'full/below/x', 'replace', 'ok'],
  ['file', 'full/below/deep', 'replace', 'ok'],
  ['link', 'file', 'replace', 'ok'],
  ['full', 'empty', 'replace', 'ok'],
  ['full/below', 'empty', 'replace', 'ok'],
  ['full/below', 'x', 'replace', 'ok'],
  ['file', 'full', 'exchange', 'ok'],
  ['full/below/deep', 'empty', 'exchange', 'ok'],
  ['file', 'file', 'exchange', 'ok']
]

for (const [from, to, mode, expected] of renames) {
  t.test(`rename ${from.slice(0, 20)} to ${to.slice(0, 20)} (${mode}): ${expected}`, t =>
    withTrees(t, 'rename', (t, tree) => {
      const before = expected === 'ok' ? at(tree, from) : undefined
      const other = mode === 'exchange' && expected === 'ok' ? at(tree, to) : undefined
      const code = codeOf(() => {
        const [parent, name] = place(tree, from)
        const [newParent, newName] = place(tree, to)
        tree.rename(parent, name, newParent, newName, { mode })
      })
      t.equal(code, expected)
      if (before === undefined) return
      t.equal(at(tree, to), before, 'the inode stands under the new name')
      if (other !== undefined) t.equal(at(tree, from), other, 'and the other under the old one')
      else if (from !== to)
        t.equal(
          codeOf(() => at(tree, from)),
          'not-found'
        )
    })
  )
}

t.test('a replaced file that is held reads its old bytes until it is forgotten', t =>
  withTrees(t, 'replaced', (t, tree) => {
    const old = tree.lookup(tree.root, toName('other')).ino
    tree.rename(1, toName('file'), 1, toName('other'), { mode: 'replace' })
    t.equal(readText(tree, old), 'other')
    t.equal(tree.attributes(old).links, 0)
    t.equal(readText(tree, at(tree, 'other')), 'file')
    tree.forget(old, 100)
  })
)

t.test('two names of one file: renaming one to the other keeps both, as POSIX has it', t =>
  withTrees(t, 'links', (t, tree) => {
    const ino = at(tree, 'file')
    t.equal(tree.makeLink(ino, at(tree, 'full'), toName('second')).links, 2)
    tree.rename(1, toName('file'), at(tree, 'full'), toName('second'), { mode: 'replace' })
    t.equal(tree.attributes(ino).links, 2)
    writeText(tree, ino, 'FI')
    t.equal(readText(tree, at(tree, 'full/second')), 'FIle')
    tree.remove(1, toName('file'))
    t.equal(tree.attributes(ino).links, 1)
    t.equal(readText(tree, ino), 'FIle')
  })
)

t.test(
  'a file in a directory made with set-group-id has its group; a directory passes it on',
  async t => {
    const { tree, close } = openTree(t.testdir())
    const shared = tree.makeDirectory(1, toName('shared'), 0o2775, { uid: 1, gid: 50 })
    t.equal(tree.createFile(shared.ino, toName('f'), 0o644, caller).gid, 50)
    const below = tree.makeDirectory(shared.ino, toName('d'), 0o755, caller)
    t.match({ ...below }, { gid: 50, mode: fileType.directory | 0o2755 })
    close()
  }
)

t.test('links of directories count their subdirectories', async t => {
  const { tree, close } = openTree(t.testdir())
  const links = (ino: number) => tree.attributes(ino).links
  const a = makeFolder(tree, 'a')
  const b = makeFolder(tree, 'b')
  makeFolder(tree, 'a/one')
  makeFolder(tree, 'a/two')
  t.same([links(1), links(a), links(b)], [4, 4, 2])
  tree.rename(a, toName('one'), b, toName('one'), { mode: 'no-replace' })
  t.same([links(1), links(a), links(b)], [4, 3, 3])
  tree.rename(a, toName('two'), b, toName('one'), { mode: 'replace' })
  t.same([links(a), links(b)], [2, 3])
  tree.removeDirectory(b, toName('one'))
  tree.removeDirectory(1, toName('b'))
  t.equal(links(1), 3)
  close()
})

t.test('fifos, sockets and devices are kept, and left out of what is sealed', async t => {
  const { tree, close } = openTree(t.testdir())
  const kinds = { pipe: 0o010600, tty: 0o020620, disk: 0o060660, sock: 0o140755 }
  for (const [name, mode] of Object.entries(kinds)) {
    const made = tree.makeNode(1, toName(name), mode, 0x0501, caller)
    t.match({ ...made }, { mode, rdev: 0x0501, links: 1, size: 0 }, name)
  }
  await tree.seal()
  t.same(names(tree, 1), Object.keys(kinds).sort())
  t.equal(tree.isDirty(), false)
  close()
})
