import t, { type Test } from 'tap'
import { unpackLayer } from '../../adapters/oci/unpack-layer.ts'
import { makeCid } from '../../src/base/blocks.ts'
import { nameText } from '../../src/base/names.ts'
import { RootFilesystem } from '../../src/pull/image/root-filesystem.ts'
import { type Entry, inPieces, layerOf } from '../lib/oci-layer.ts'
import { openPullWorld, type PullWorld } from '../lib/pull-world.ts'

/** The layers, taken in the order given. */
async function stacked(
  world: PullWorld,
  layers: ReadonlyArray<readonly Entry[]>,
  order: readonly number[]
): Promise<RootFilesystem> {
  const { writer, store } = world
  const root = new RootFilesystem({
    writer,
    flush: () => store.flush(),
    layers: layers.length,
    mostBytes: 1_000_000
  })
  for (const index of order) {
    await root.addLayer(index, unpackLayer(inPieces(await layerOf(layers[index] ?? []))))
  }
  return root
}

/** What the layers come to: every path with its content, `-> target` of a symlink, `/` of a directory. */
async function merge(
  world: PullWorld,
  layers: ReadonlyArray<readonly Entry[]>,
  order = [...layers.keys()]
): Promise<{ tree: Record<string, string>; modes: Record<string, number>; owners: string }> {
  const root = await stacked(world, layers, order)
  const { node } = root.finish()
  world.store.flush()
  const tree: Record<string, string> = {}
  const modes: Record<string, number> = {}
  const walk = (codec: number, multihash: Uint8Array, path: string): void => {
    for (const link of world.reader.list(codec, multihash)) {
      const at = path + nameText(link.name)
      const info = world.reader.infoOf(link.codec, link.multihash)
      // UnixFS leaves out what it assumes: 0755 of a folder, 0644 of a file.
      modes[at] = info.mode ?? -1
      if (info.kind === 'directory') {
        tree[`${at}/`] = ''
        walk(link.codec, link.multihash, `${at}/`)
      } else if (info.kind === 'symlink') {
        const target = world.reader.readSymlink(link.codec, link.multihash)
        tree[at] = `-> ${Buffer.from(target)}`
      } else {
        const bytes = Buffer.alloc(info.bytes)
        world.reader.readFile(link.codec, link.multihash, bytes, 0)
        tree[at] = bytes.toString()
      }
    }
  }
  walk(node.codec, node.multihash, '')
  t.ok(makeCid(node.codec, node.multihash))
  return { tree, modes, owners: root.owners() }
}

function setUp(t: Test): PullWorld {
  const world = openPullWorld()
  t.teardown(world.remove)
  return world
}

t.test('layers are laid one over the other', async t => {
  const world = setUp(t)
  const lower: Entry[] = [['a', 'old'], ['d/'], ['d/x', 'x'], ['d/y', 'y'], ['s', { to: 'd' }]]
  const table: Array<[string, Entry[][], Record<string, string>]> = [
    ['a file is replaced', [[['a', 'old']], [['a', 'new']]], { a: 'new' }],
    [
      'a whiteout takes a file',
      [lower, [['d/.wh.x']]],
      { a: 'old', 'd/': '', 'd/y': 'y', s: '-> d' }
    ],
    ['a whiteout takes a folder', [lower, [['.wh.d'], ['.wh.s']]], { a: 'old' }],
    ['a whiteout of nothing', [[['a', 'x']], [['.wh.b'], ['c/.wh.d']]], { a: 'x' }],
    [
      'an opaque folder hides what is below, not beside',
      [lower, [['d/z', 'z'], ['d/.wh..wh..opq']]],
      { a: 'old', 'd/': '', 'd/z': 'z', s: '-> d' }
    ],
    [
      'an opaque folder hides below folders made anew',
      [
        [['d/'], ['d/e/'], ['d/e/x', 'x']],
        [['d/'], ['d/e/'], ['d/e/y', 'y'], ['d/.wh..wh..opq']]
      ],
      { 'd/': '', 'd/e/': '', 'd/e/y': 'y' }
    ],
    [
      'a whiteout does not take what its own layer brings',
      [
        [['d/'], ['d/x', '1']],
        [['d/x', '2'], ['d/.wh.x']]
      ],
      { 'd/': '', 'd/x': '2' }
    ],
    ['taken away and made again', [[['a', '1']], [['.wh.a']], [['a', '3']]], { a: '3' }],
    [
      'a folder in place of a file',
      [[['a', '1']], [['a/'], ['a/b', '2']]],
      { 'a/': '', 'a/b': '2' }
    ],
    ['a file in place of a folder', [[['a/'], ['a/b', '1']], [['a', '2']]], { a: '2' }],
    ['folders that lack are made', [[['a/b/c', '1']]], { 'a/': '', 'a/b/': '', 'a/b/c': '1' }],
    [
      'a folder that comes again keeps what it has',
      [lower, [['d/']]],
      {
        a: 'old',
        'd/': '',
        'd/x': 'x',
        'd/y': 'y',
        s: '-> d'
      }
    ],
    [
      'a hard link to a file of a lower layer',
      [
        [['a', '1']],
        [
          ['b', { hard: 'a' }],
          ['a', '2']
        ]
      ],
      { a: '2', b: '1' }
    ],
    [
      'a path through a symlink goes where it leads',
      [
        [['usr/lib/'], ['lib', { to: 'usr/lib' }], ['abs', { to: '/usr' }]],
        [
          ['lib/x', '1'],
          ['abs/y', '2']
        ]
      ],
      {
        'usr/': '',
        'usr/lib/': '',
        'usr/lib/x': '1',
        'usr/y': '2',
        lib: '-> usr/lib',
        abs: '-> /usr'
      }
    ],
    [
      'a symlink out of the root leads back to it',
      [[['etc/'], ['up', { to: '../../../etc' }]], [['up/x', '1']]],
      { 'etc/': '', 'etc/x': '1', up: '-> ../../../etc' }
    ],
    [
      'a folder made anew shows nothing of the one its layer took away, in either order',
      [
        [['d/'], ['d/x', '1'], ['e/'], ['e/x', '1']],
        [['.wh.d'], ['d/'], ['d/y', '2'], ['e/'], ['e/y', '2'], ['.wh.e']]
      ],
      { 'd/': '', 'd/y': '2', 'e/': '', 'e/y': '2' }
    ],
    [
      'a folder in place of a file of its own layer shows nothing of lower ones',
      [
        [['d/'], ['d/x', '1']],
        [['d', 'file'], ['d/'], ['d/y', '2']]
      ],
      { 'd/': '', 'd/y': '2' }
    ],
    [
      'a file between two folders cuts them apart',
      [[['d/'], ['d/x', '1']], [['d', 'file']], [['d/'], ['d/z', '3']]],
      { 'd/': '', 'd/z': '3' }
    ],
    [
      'a whiteout through a symlink of a lower layer',
      [[['usr/'], ['usr/x', '1'], ['usr/y', '1'], ['l', { to: 'usr' }]], [['l/.wh.x']]],
      { 'usr/': '', 'usr/y': '1', l: '-> usr' }
    ],
    [
      'what a driver keeps for itself',
      [[['.wh..wh.plnk/'], ['.wh..wh.aufs', 'x'], ['a', '1']]],
      { a: '1' }
    ],
    [
      'a device is an empty file by itself, and can be taken away',
      [
        [
          ['dev/'],
          ['dev/null', '', { type: 'character-device', devmajor: 1, devminor: 3 }],
          ['dev/pipe', '', { type: 'fifo' }]
        ],
        [['dev/.wh.pipe']]
      ],
      { 'dev/': '', 'dev/null': '' }
    ],
    [
      'dots and slashes',
      [[['./a', '1'], ['/b', '2'], ['./d/'], ['.//c', '3']]],
      { a: '1', b: '2', c: '3', 'd/': '' }
    ]
  ]
  for (const [name, layers, expected] of table) {
    t.strictSame((await merge(world, layers)).tree, expected, name)
    const downward = [...layers.keys()].reverse()
    t.strictSame((await merge(world, layers, downward)).tree, expected, `${name}, top first`)
  }
})

t.test('modes stay, set-id bits too; owners are listed', async t => {
  const world = setUp(t)
  const { modes, owners } = await merge(world, [
    [
      ['su', 'x', { mode: 0o4755 }],
      ['tmp/', '', { mode: 0o1777 }],
      ['home/', '', { uid: 1000, gid: 1000 }],
      ['home/f', 'x', { mode: 0o600, uid: 1000, gid: 50 }],
      ['gone', 'x', { uid: 5, gid: 5 }]
    ],
    [['.wh.gone'], ['tmp/'], ['su', 'y', { mode: 0o755 }]]
  ])
  t.strictSame(modes, { su: 0o755, tmp: -1, home: -1, 'home/f': 0o600 })
  t.equal(owners, '1000:1000 /home\n1000:50 /home/f\n')
  const one = await merge(world, [
    [
      ['su', 'x', { mode: 0o4755 }],
      ['tmp/', '', { mode: 0o1777 }]
    ]
  ])
  t.strictSame(one.modes, { su: 0o4755, tmp: 0o1777 })
})

t.test('a hostile layer leaves nothing outside', async t => {
  const world = setUp(t)
  const table: Array<[string, Entry[][]]> = [
    ['a path out', [[['../x', '1']]]],
    ['a path out further in', [[['a/../../x', '1']]]],
    ['a hard link out', [[['a', { hard: '../../etc/passwd' }]]]],
    ['a hard link to nothing', [[['a', { hard: 'b' }]]]],
    ['a hard link to a folder', [[['d/'], ['a', { hard: 'd' }]]]],
    [
      'a ring of symlinks',
      [
        [
          ['a', { to: 'b' }],
          ['b', { to: 'a' }],
          ['a/x', '1']
        ]
      ]
    ],
    ['folders without end', [[[`${'d/'.repeat(300)}x`, '1']]]],
    [
      'folders without end, behind a link',
      [
        [
          [`${'d/'.repeat(200)}x`, '1'],
          ['l', { to: 'd/'.repeat(200) }],
          [`l/${'e/'.repeat(200)}x`, '1']
        ]
      ]
    ],
    [
      'many names through long links',
      [
        [
          ...Array.from(
            { length: 39 },
            (_, at): Entry => [`l${at}`, { to: `${'../'.repeat(1300)}l${at + 1}` }]
          ),
          ['l39', { to: 'd' }],
          ['d/'],
          ...Array.from({ length: 300 }, (_, at): Entry => [`l0/${at}`, '1'])
        ]
      ]
    ],
    [
      'through a file',
      [
        [
          ['a', '1'],
          ['l', { to: 'a' }],
          ['l/x', '1']
        ]
      ]
    ],
    [
      'too much',
      [
        [
          ['a', 'x'.repeat(600_000)],
          ['b', 'x'.repeat(600_000)]
        ]
      ]
    ]
  ]
  for (const [name, layers] of table) {
    await t.rejects(merge(world, layers), { code: /invalid|file-too-large/ }, name)
  }
})
