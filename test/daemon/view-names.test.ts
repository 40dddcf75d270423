import t, { type Test } from 'tap'
import { nameText, toName } from '../../src/base/names.ts'
import { namesInMfs, viewNames } from '../../src/daemon/view-names.ts'
import { InodeTable } from '../../src/vfs/frozen/inode-table.ts'
import { openIpnsTree } from '../../src/vfs/frozen/ipns-tree.ts'
import { fails } from '../lib/fails.ts'
import { addFolder, makeNames, still } from '../names/names-home.ts'

const statistics = { blockBytes: 1, blocks: 1, freeBlocks: 1, files: 1, freeFiles: 1 }

function setup(t: Test) {
  const machine = makeNames(t)
  const { names, reader } = machine
  const open = (own?: 'links' | 'content') =>
    openIpnsTree(
      { reader, inodes: new InodeTable(), owner: { uid: 0, gid: 0 }, statistics: () => statistics },
      viewNames(names, own)
    )
  const cid = addFolder(machine, 'text')
  const publish = (alias: string, path: string | undefined) => {
    names.keys.create(alias)
    return names.publish(alias, { ...still, cid, path }).name
  }
  return { ...machine, open, publish }
}

function listOf(tree: ReturnType<typeof openIpnsTree>): string[] {
  const found: string[] = []
  tree.readDirectory(tree.root, { cookie: 0, withAttributes: false }, ({ name }) => {
    found.push(nameText(name))
    return true
  })
  return found.toSorted()
}

t.test('own folders are links beside /ipns, whatever they are called', async t => {
  const { names, open, publish } = setup(t)
  const tree = open()
  fails(t, 'not-found', () => tree.lookup(tree.root, toName('site')))
  const long = Array.from({ length: 12 }, (_, index) => `${index}`.repeat(60)).join('/')
  for (const [alias, path, target] of [
    ['all', '', '../mfs'],
    ['site', 'a/site', '../mfs/a/site'],
    ['words', 'ä b/日本', '../mfs/ä b/日本'],
    ['long', long, `../mfs/${long}`]
  ] as const) {
    const name = publish(alias, path)
    for (const entry of [alias, name]) {
      const { ino, mode } = tree.lookup(tree.root, toName(entry))
      t.equal(mode & 0o170000, 0o120000, entry)
      t.equal(Buffer.from(tree.readLink(ino)).toString(), target)
    }
    t.strictSame(
      namesInMfs(names, toName(alias))?.map(nameText),
      path.split('/').filter(part => part !== '')
    )
  }
  t.equal(listOf(tree).length, 8)
})

t.test(
  'content is a folder of what was published, for a door that goes to /mfs by itself',
  async t => {
    const { names, open, publish } = setup(t)
    const tree = open('content')
    const name = publish('site', 'site')
    publish('still', undefined)
    for (const entry of ['site', name, 'still']) {
      const { ino } = tree.lookup(tree.root, toName(entry))
      t.equal(tree.lookup(ino, toName('file')).size, 4, entry)
    }
    t.equal(namesInMfs(names, toName('still')), undefined, 'what stands still is not in /mfs')
    t.equal(namesInMfs(names, toName('none')), undefined)
  }
)

t.test(
  'a name that nobody follows is wanted, other text is not, and neither is listed',
  async t => {
    const machine = setup(t)
    const { names, reader } = machine
    const view = viewNames(names, 'links', true)
    const tree = openIpnsTree(
      { reader, inodes: new InodeTable(), owner: { uid: 0, gid: 0 }, statistics: () => statistics },
      view
    )
    const look = (text: string) => tree.lookup(tree.root, toName(text))
    const key = 'k51qzi5uqu5dl8kevgwhyor5bgzvz2uu397k5s6tcywfx6lqkkgfgyeiqppv12'
    const lacking = fails(t, 'missing', () => look(key))
    t.strictSame(lacking.want, { kind: 'name', id: key })
    for (const text of ['.git', 'HEAD', 'desktop.ini', 'blog.example', `${key}x`]) {
      fails(t, 'not-found', () => look(text))
    }
    names.visits.put(key, addFolder(machine, 'text'))
    t.ok(look(key).mode)
    t.strictSame(listOf(tree), [])
  }
)
