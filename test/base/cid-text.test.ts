import { base16 } from 'multiformats/bases/base16'
import { base32upper } from 'multiformats/bases/base32'
import { base36upper } from 'multiformats/bases/base36'
import { base58btc } from 'multiformats/bases/base58'
import { base64, base64url } from 'multiformats/bases/base64'
import t from 'tap'
import { codec, makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import { cidFromText } from '../../src/base/cid-text.ts'

const cid = makeCid(codec.dagPb, sha256Multihash(Buffer.from('text')))

t.test('text that is no CID is undefined, however it is wrong', async t => {
  const text = cid.toString()
  const wrong = {
    nothing: '',
    'a word': 'photos',
    'cut off': text.slice(0, -1),
    'longer than it says': `${text}a`,
    'a character that the base has not': `${text.slice(0, -1)}1`,
    'a base with a slash in its alphabet': cid.toString(base64.encoder),
    'version 0 cut off': cid.toV0().toString().slice(0, -1),
    'a name of another script': 'Qм',
    'only a base': 'b',
    'a megabyte': 'b'.repeat(1_000_000)
  }
  for (const [what, input] of Object.entries(wrong)) t.equal(cidFromText(input), undefined, what)
})

t.test('a CID is read in the base and case it is written in', async t => {
  const bases = [base16, base32upper, base36upper, base58btc, base64url]
  for (const base of bases) {
    t.ok(cidFromText(cid.toString(base.encoder))?.equals(cid), base.name)
  }
  t.ok(cidFromText(cid.toString())?.equals(cid))
  t.ok(cidFromText(cid.toV0().toString())?.equals(cid.toV0()))
})
