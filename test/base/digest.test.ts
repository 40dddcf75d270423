import t from 'tap'
import {
  algorithmOf,
  Digester,
  digestAlgorithms,
  digestFromHex,
  digestOf
} from '../../src/base/digest.ts'

/** Of no bytes, as coreutils give them. */
const ofNothing = {
  md5: 'd41d8cd98f00b204e9800998ecf8427e',
  sha1: 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
  sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  sha512:
    'cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e'
}

t.test('text of a wrong length or character is no digest, and the message is short', async t => {
  const { sha256 } = ofNothing
  const wrong = {
    nothing: '',
    'cut off': sha256.slice(1),
    'too long': `${sha256}0`,
    'of another algorithm': ofNothing.sha512,
    'a letter that is no digit': `g${sha256.slice(1)}`,
    'a space at the end': `${sha256.slice(1)} `,
    'a line end': `${sha256}\n`,
    'a megabyte': 'a'.repeat(1_000_000)
  }
  for (const [what, text] of Object.entries(wrong)) {
    t.throws(() => digestFromHex('sha256', text), { code: 'invalid', message: /^.{1,200}$/ }, what)
  }
})

t.test('every algorithm gives what other tools give, at once and in pieces', async t => {
  const digester = new Digester(digestAlgorithms)
  digester.update(new Uint8Array(0))
  const inPieces = digester.finish()
  for (const [index, algorithm] of digestAlgorithms.entries()) {
    const digest = digestFromHex(algorithm, ofNothing[algorithm].toUpperCase())
    t.equal(digest, `${algorithm}:${ofNothing[algorithm]}`)
    t.equal(digestOf(algorithm, new Uint8Array(0)), digest)
    t.equal(inPieces[index], digest)
    t.equal(algorithmOf(digest), algorithm)
  }
})
