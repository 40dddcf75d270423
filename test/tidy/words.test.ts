import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import t from 'tap'
import { isCode, projectFiles, textOf, top, withoutComments } from './source.ts'

const files = projectFiles()
/** They speak of what they forbid. */
const own = /^test\/(tidy|scripts)\//

t.test('nothing is left to do, skipped or singled out', async t => {
  const code = files.filter(path => isCode(path) && !own.test(path))
  t.strictSame(occurrences(code, /\b(TODO|FIXME|XXX|HACK)\b/), [])
  const tests = code.filter(path => path.startsWith('test/') && path !== 'test/lib/skip.ts')
  const quiet = /\.(skip|only|todo)\(|\b(skip|only|todo): /
  t.strictSame(occurrences(tests, quiet), [], 'skips go through test/lib/skip.ts')
})

t.test('src and adapters keep the house rules', async t => {
  const code = files.filter(path => isCode(path) && /^(src|adapters)\//.test(path))
  t.strictSame(occurrences(code, /: any\b|\bas any\b|<any>|@ts-(ignore|nocheck)/), [])
  t.strictSame(occurrences(code, /^export (let|default)|^let /), [], 'no mutable module state')
  const inside = code.filter(path => !/^src\/cli\//.test(path))
  t.strictSame(occurrences(inside, /\bprocess\.env\b/), [], 'the environment is read by cli only')
  t.strictSame(occurrences(code, /throw new (Type|Range|Syntax)?Error\(/), [], 'CairnError only')
})

t.test('no registry, mirror, machine or path of this one is named', async t => {
  const forbidden = [...configuredHosts(), ...machineNames()]
  const texts = files.filter(path => !/\.(png|gz|xz|deb|car)$/.test(path))
  const found = texts.flatMap(path => {
    const text = textOf(path)
    return forbidden.filter(name => text.includes(name)).map(name => `${path}: ${name}`)
  })
  t.strictSame(found, [])
})

function occurrences(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap(path =>
    withoutComments(textOf(path))
      .split('\n')
      .flatMap((line, index) =>
        pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []
      )
  )
}

/** Hosts that this machine's apt and npm are configured to ask; loopback is everybody's. */
function configuredHosts(): string[] {
  const sources = globSync([
    '/etc/apt/sources.list',
    '/etc/apt/sources.list.d/*',
    '/etc/apt/apt.conf.d/*'
  ])
  const npm = execFileSync('npm', ['config', 'get', 'registry'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore']
  })
  const text = [npm, ...sources.map(source => readFileSync(source, 'utf8'))].join('\n')
  const hosts = [...text.matchAll(/^[^#\n]*?https?:\/\/(?:[^@/\s]*@)?([^/:\s"']+)/gm)]
  return [...new Set(hosts.map(match => match[1] ?? ''))].filter(
    host => !/^(localhost|127\.)/.test(host)
  )
}

/** The folder the project lies in and the machine's name, unless they are everybody's. */
function machineNames(): string[] {
  const above = dirname(top)
  const common = ['/', '/home', '/root', '/tmp', '/opt', '/srv', '/usr/src']
  const names = common.includes(above) || !existsSync(above) ? [] : [`${above}/`]
  return hostname().length > 7 ? [...names, hostname()] : names
}
