import t from 'tap'
import {
  checkName,
  isUsableName,
  type Name,
  nameBytes,
  nameFromBytes,
  nameText,
  splitBytePath,
  splitPath,
  toName
} from '../../src/base/names.ts'

const refused: ReadonlyArray<readonly [what: string, name: string, code: string]> = [
  ['nothing', '', 'invalid'],
  ['the directory itself', '.', 'invalid'],
  ['the directory above', '..', 'invalid'],
  ['a path', 'a/b', 'invalid'],
  ['a slash', '/', 'invalid'],
  ['a NUL', 'a\0', 'invalid'],
  ['256 bytes', 'n'.repeat(256), 'name-too-long'],
  ['255 characters of two bytes', 'é'.repeat(255), 'name-too-long']
]

for (const [what, name, code] of refused) {
  t.test(`no directory holds: ${what}`, async t => {
    t.throws(() => toName(name), { name: 'CairnError', code })
    const bytes = nameFromBytes(Buffer.from(name))
    t.throws(() => checkName(bytes), { name: 'CairnError', code })
    t.equal(isUsableName(bytes), false)
  })
}

t.test('what Linux takes is taken, byte for byte', async t => {
  const names = [
    '...',
    ' ',
    '-rf',
    'a\\b',
    'a\nb',
    'n'.repeat(255),
    '\xff\xfe',
    'caf\xe9'
  ] as Name[]
  for (const name of names) {
    t.equal(checkName(name), name)
    t.equal(nameFromBytes(nameBytes(name)), name)
  }
  t.equal(nameText(toName('naïve ☃')), 'naïve ☃')
  t.same(nameBytes(toName('é')), Buffer.from([0xc3, 0xa9]))
  t.equal(
    nameText('caf\xe9' as Name),
    'caf\ufffd',
    'for people, bytes that are no UTF-8 show as such'
  )
})

t.test('a path is its names, and never leads up', async t => {
  t.same(splitPath('/a//b/./é/'), ['a', 'b', '\xc3\xa9'])
  t.same(splitBytePath('a/\xe9'), ['a', '\xe9'])
  for (const path of ['', '/', '.', './/.']) t.same(splitPath(path), [])
  for (const path of ['..', 'a/../b', '/..', 'a/..']) {
    t.throws(() => splitPath(path), { code: 'invalid' }, path)
    t.throws(() => splitBytePath(path), { code: 'invalid' }, path)
  }
})
