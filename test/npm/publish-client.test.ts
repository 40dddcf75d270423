import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import { type NpmClient, openNpmClient } from '../lib/npm-client.ts'
import { setUpNpm } from '../lib/npm-package.ts'
import { mainAt } from '../lib/npm-world.ts'
import { requireClient } from '../lib/skip.ts'

t.setTimeout(280_000)

async function succeeds(t: Test, client: NpmClient, ...args: string[]): Promise<string> {
  const { exitCode, all } = await client.run(...args)
  t.equal(exitCode, 0, `npm ${args.join(' ')}`) || t.comment(all)
  return String(all)
}

/** A package's folder below the client's project. */
function writePackage(
  client: NpmClient,
  manifest: { readonly version: string; readonly [key: string]: unknown }
): string {
  const folder = join(client.folder, `source-${manifest.version}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(folder, 'index.js'), `module.exports = '${manifest.version}'\n`)
  return folder
}

t.test('npm publishes, installs, tags, deprecates and unpublishes a hosted package', async t => {
  if (!requireClient(t, 'npm')) return
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  const world = await setUpNpm(t, { upstreams: mainAt(origin.url), hosted: ['@ours'] })
  const author = openNpmClient(`${world.url}/npm/`, {})
  const user = openNpmClient(`${world.url}/npm/`, { '@ours/hats': '^1.0.0' })
  t.teardown(() => {
    author.remove()
    user.remove()
  })

  await t.test('npm login by the browser that needs none here, whoami, logout', async t => {
    t.match(await author.run('whoami'), { exitCode: 1 })
    await succeeds(t, author, 'login', '--auth-type=web')
    t.match(await succeeds(t, author, 'whoami'), /^local$/m)
    await succeeds(t, author, 'logout')
    t.match(await author.run('whoami'), { exitCode: 1 })
    await succeeds(t, author, 'login', '--auth-type=web')
  })

  await t.test('npm token create, list and revoke', async t => {
    await succeeds(t, author, 'token', 'create', '--password=none', '--json')
    const listed = JSON.parse(
      (await author.run('token', 'list', '--json')).stdout as string
    ) as Array<{ key: string }>
    t.equal(listed.length, 2)
    await succeeds(t, author, 'token', 'revoke', listed[1]!.key)
    const permission = '--packages-and-scopes-permission=read-only'
    const bounds = [permission, '--cidr=127.0.0.0/8', '--expires=3']
    const made = JSON.parse(
      await succeeds(t, author, 'token', 'create', '--password=none', '--json', ...bounds)
    ) as { readonly: boolean; cidr_whitelist: string[]; expires: string }
    t.match(made, { readonly: true, cidr_whitelist: ['127.0.0.0/8'], expires: /^\d{4}-/ })
    t.match(await succeeds(t, author, 'token', 'list'), /127\.0\.0\.0\/8/)
  })

  await t.test('npm publish, twice', async t => {
    for (const version of ['1.0.0', '1.1.0', '2.0.0-beta.1']) {
      const folder = writePackage(author, {
        name: '@ours/hats',
        version,
        bin: { hats: 'index.js' },
        description: 'felt hats'
      })
      await succeeds(t, author, 'publish', folder, ...(version.includes('-') ? ['--tag=beta'] : []))
    }
    const again = await author.run('publish', join(author.folder, 'source-1.0.0'))
    t.not(again.exitCode, 0)
    t.match(String(again.all), /previously published|is published/)
  })

  await t.test('npm install and npm ci of it', async t => {
    await succeeds(t, user, 'install')
    t.same(user.installed(), ['@ours/hats'])
    user.forget()
    await succeeds(t, user, 'ci')
    t.match(await succeeds(t, user, 'ls'), /@ours\/hats@1\.1\.0/)
    t.match(
      await succeeds(t, user, 'search', 'felt'),
      /@ours\/hats[\s\S]*by local\nMaintainers: local/
    )
    t.match(await succeeds(t, user, 'outdated'), '')
  })

  await t.test('npm dist-tag', async t => {
    await succeeds(t, author, 'dist-tag', 'add', '@ours/hats@1.0.0', 'old')
    t.match(
      await succeeds(t, author, 'dist-tag', 'ls', '@ours/hats'),
      /beta: 2\.0\.0-beta\.1\n[\s\S]*old: 1\.0\.0/
    )
    await succeeds(t, author, 'dist-tag', 'rm', '@ours/hats', 'old')
    t.notMatch(await succeeds(t, author, 'dist-tag', 'ls', '@ours/hats'), /old/)
  })

  await t.test('npm deprecate', async t => {
    await succeeds(t, author, 'deprecate', '@ours/hats@1.0.0', 'moths')
    t.match(await succeeds(t, author, 'view', '@ours/hats@1.0.0', 'deprecated'), /moths/)
    t.notMatch(await succeeds(t, author, 'view', '@ours/hats@1.1.0', 'deprecated'), /moths/)
    await succeeds(t, author, 'deprecate', '@ours/hats@1.0.0', '')
    t.notMatch(
      await succeeds(t, author, 'view', '@ours/hats@1.0.0', 'deprecated', '--prefer-online'),
      /moths/
    )
  })

  await t.test('npm access, owner and star', async t => {
    t.match(await succeeds(t, author, 'access', 'get', 'status', '@ours/hats'), /public/)
    t.match(await succeeds(t, author, 'access', 'list', 'collaborators', '@ours/hats'), /local/)
    t.equal(await succeeds(t, author, 'access', 'list', 'packages'), '@ours/hats: read-write')
    t.equal(
      await succeeds(t, author, 'access', 'list', 'packages', '@ours'),
      '@ours/hats: read-write'
    )
    await succeeds(t, author, 'access', 'set', 'mfa=none', '@ours/hats')
    t.equal(await succeeds(t, author, 'owner', 'ls', '@ours/hats'), 'local <>')
    await succeeds(t, author, 'star', '@ours/hats')
  })

  await t.test('npm unpublish', async t => {
    await succeeds(t, author, 'unpublish', '@ours/hats@1.1.0')
    t.equal(
      await succeeds(t, author, 'view', '@ours/hats', 'version', '--prefer-online'),
      '2.0.0-beta.1'
    )
    await succeeds(t, author, 'unpublish', '@ours/hats', '--force')
    const gone = await author.run('view', '@ours/hats', '--prefer-online')
    t.match(String(gone.all), /E404/)
    const again = await author.run('publish', join(author.folder, 'source-1.0.0'))
    t.match(String(again.all), /was unpublished/)
  })

  t.same(
    origin.requests.map(({ path }) => path).filter(path => /ours|hats/.test(path)),
    [],
    'the upstream was never told of it'
  )
})

t.test(
  'npm logs in by password from another machine, and publishes by what it was given',
  async t => {
    if (!requireClient(t, 'npm')) return
    const world = await setUpNpm(t, { hosted: ['@ours'] })
    await world.users.add('ann', 'correct horse battery', { scopes: ['read', 'publish'], root: [] })
    const author = openNpmClient(`${world.shared}/npm/`, {})
    t.teardown(() => author.remove())
    const folder = writePackage(author, { name: '@ours/hats', version: '1.0.0' })
    const refused = await author.run('publish', folder)
    t.match(String(refused.all), /ENEEDAUTH/)
    const answers = { 'Username:': 'ann', 'Password:': 'correct horse battery' }
    const login = await author.answer(['login', '--auth-type=legacy'], answers)
    t.equal(login.exitCode, 0) || t.comment(login.all)
    t.match(await succeeds(t, author, 'whoami'), /^ann$/m)
    await succeeds(t, author, 'publish', folder)
    t.match(await succeeds(t, author, 'view', '@ours/hats', 'version'), '1.0.0')
  }
)
