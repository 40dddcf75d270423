import t from 'tap'
import { MiB, openShop, status } from './budget-world.ts'

t.test(
  'without a daemon `cairn gc` keeps to the budget, and says before what it would do',
  async t => {
    const { world, origin, bodies, start, get } = await openShop(t, 3, '1M')
    const daemon = await start()
    for (const name of bodies.keys()) await get(daemon, name)
    t.equal(origin.requests.length, 3)
    await world.line(['stop'])
    const before = await world.run(['gc', '--dry-run'])
    const gone = before.stdout.startsWith('would drop')
    if (gone) t.match(before.stdout, /would drop [1-3] of what was fetched, [1-3]\.0 MiB\n/)
    const { stdout } = await world.run(['gc'])
    if (gone) t.match(stdout, /dropped [1-3] of what was fetched/)
    t.match(JSON.parse(await world.line(['gc', '--dry-run', '--json'])).dropped, { parts: 0 })
    const again = await start()
    t.match((await status(again)).cache, { cachedBytes: 0 }, 'all are larger than the budget')
    t.ok((await get(again, 'p_0_all.deb')).equals(bodies.get('p_0_all.deb')!))
    t.equal(origin.requests.length, 4, 'it comes again')
  }
)

t.test(
  'kill -9 at any moment: what is held is right, and the budget is kept afterwards',
  async t => {
    const { world, bodies, start, get } = await openShop(t, 8, '2M')
    for (let round = 0; round < 3; round++) {
      const daemon = await start()
      const fetching = (async () => {
        for (const name of bodies.keys()) await fetch(`${daemon.url}apt/debian/pool/${name}`)
      })().catch(() => {})
      const collecting = world.run(['gc'])
      if (round % 2 === 0) await fetching
      await Promise.race([collecting, new Promise(resolve => setTimeout(resolve, 150 * round))])
      daemon.child.kill('SIGKILL')
      await daemon.ended
      await Promise.allSettled([fetching, collecting])
    }
    const daemon = await start()
    for (const [name, body] of bodies) t.ok((await get(daemon, name)).equals(body), name)
    await world.line(['stop'])
    t.equal((await world.run(['gc'])).status, 0)
    t.equal((await world.run(['fsck'])).status, 0)
    t.ok((await status(await start())).cache.cachedBytes <= 2 * MiB)
  }
)
