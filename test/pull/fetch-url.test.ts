import t from 'tap'
import { keyOf } from '../../src/pull/url/fetch-url.ts'

t.test('what a URL is called in the catalog', async t => {
  for (const [url, key] of [
    ['https://host.test/a/b.iso', 'url/host.test/a/b.iso'],
    ['https://host.test', 'url/host.test/index'],
    ['https://host.test:8443/a?b=c#d', 'url/host.test+8443/a?b=c'],
    ['http://host.test/a', 'url/http+host.test/a'],
    ['http://host.test:443/a', 'url/http+host.test+443/a'],
    ['https://ann:secret@host.test/a', 'url/own+host.test/a'],
    ['http://ann@host.test/a', 'url/own+http+host.test/a'],
    ['https://host.test/../..//%2e%2e/a', 'url/host.test/a']
  ] as const) {
    t.equal(keyOf(url), key, url)
  }
  const same = 'host.test/a'
  const keys = [`https://${same}`, `http://${same}`, `https://ann:x@${same}`].map(keyOf)
  t.equal(new Set(keys).size, 3, 'none is taken for another')
  for (const url of ['ftp://host.test/a', 'file:///etc/passwd', 'a', 'javascript:1']) {
    t.throws(() => keyOf(url), { code: 'usage' }, url)
  }
})
