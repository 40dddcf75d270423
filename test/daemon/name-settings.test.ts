import t from 'tap'
import { nameSourcesOf } from '../../src/daemon/name-sources.ts'
import { isOnLan, parseGateways, parseResolvers } from '../../src/daemon/parse-name-settings.ts'

t.test('gateways and resolvers that are none are refused', async t => {
  for (const value of [
    7,
    {},
    [1],
    'nonsense',
    ['ftp://x/'],
    ['http://x/?a'],
    'http://x/#a',
    [' ']
  ]) {
    t.throws(() => parseGateways(value), { name: 'SettingError' }, JSON.stringify(value))
  }
  for (const value of [7, 'example.org', ['1.2.3'], ['1.2.3.4:x'], ['[::1'], '127.0.0.1:123456']) {
    t.throws(() => parseResolvers(value), { name: 'SettingError' }, JSON.stringify(value))
  }
})

t.test('what is given is kept, a gateway with a slash at its end', async t => {
  t.strictSame(parseGateways('http://10.0.0.1:7070, https://gateway.example/x'), [
    'http://10.0.0.1:7070/',
    'https://gateway.example/x/'
  ])
  t.strictSame(parseGateways([]), [])
  const servers = ['127.0.0.1', '127.0.0.1:5353', '::1', '[::1]:53']
  t.strictSame(parseResolvers(servers), servers)
})

t.test('an address is on the LAN by what it is, never by what a name resolves to', async t => {
  for (const host of [
    '127.0.0.1',
    '10.1.2.3',
    '192.168.0.9',
    '172.16.0.1',
    '172.31.9.9',
    '169.254.1.1',
    'localhost',
    '[::1]',
    '[fd00::1]',
    '[fe80::1]'
  ]) {
    t.ok(isOnLan(`http://${host}:1/`), host)
  }
  for (const host of [
    '8.8.8.8',
    '172.32.0.1',
    '172.15.0.1',
    '11.0.0.1',
    '193.168.0.1',
    '10.example.org',
    '127.0.0.1.example.org',
    'lan',
    '[2001:db8::1]',
    '[::ffff:8.8.8.8]'
  ]) {
    t.notOk(isOnLan(`http://${host}:1/`), host)
  }
})

t.test('off asks nobody; lan leaves out what is farther, and DNS; public asks all', async t => {
  const settings = {
    nameGateways: ['http://10.0.0.1/', 'http://gateway.example/'],
    nameResolvers: [] as string[]
  }
  const asked = (network: 'off' | 'lan' | 'public', more = {}) => {
    const { sources, dnslink } = nameSourcesOf({ ...settings, network, ...more })
    return [sources.map(({ label }) => label), dnslink !== undefined]
  }
  const near = 'the gateway 10.0.0.1'
  t.strictSame(asked('off'), [[], false])
  t.strictSame(asked('off', { nameResolvers: ['10.0.0.1'] }), [[], false])
  t.strictSame(asked('lan'), [[near], false])
  t.strictSame(asked('lan', { nameResolvers: ['10.0.0.1'] }), [[near], true])
  t.strictSame(asked('public'), [[near, 'the gateway gateway.example'], true])
})
