import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'
import { projectFiles, textOf, top } from './source.ts'

const pages = projectFiles().filter(path => path.endsWith('.md'))

t.test('every link of a page leads to a file and a heading that are there', async t => {
  const broken = pages.flatMap(page =>
    linksOf(textOf(page))
      .map(link => linkFault(page, link))
      .filter(fault => fault !== undefined)
  )
  t.strictSame(broken, [])
  t.match(linkFault('README.md', 'docs/nothing.md'), 'README.md')
  t.match(linkFault('README.md', '#no-such-heading'), 'README.md')
})

t.test('every page of docs is reached from docs/README.md', async t => {
  const seen = new Set<string>()
  const open = ['docs/README.md']
  for (let page = open.pop(); page !== undefined; page = open.pop()) {
    if (seen.has(page) || !pages.includes(page)) continue
    seen.add(page)
    open.push(...linksOf(textOf(page)).map(link => targetOf(page, link)))
  }
  t.strictSame(
    pages.filter(page => page.startsWith('docs/') && !seen.has(page)),
    []
  )
})

t.test('every verb that a page shows is one of the command line', async t => {
  if (!existsSync(join(top, 'dist/.built'))) return t.fail('not built: run ./scripts/prepare')
  const help = spawnSync(join(top, 'bin/cairn'), ['--help'], { encoding: 'utf8', timeout: 20_000 })
  t.equal(help.status, 0, 'cairn --help succeeds')
  const known = new Set([...help.stdout.matchAll(/^ {2}([a-z]+)\b/gm)].map(match => match[1]))
  const unknown = pages
    .filter(page => !page.startsWith('docs/decisions/'))
    .flatMap(page => verbsOf(textOf(page)).map(verb => ({ page, verb })))
    .filter(({ verb }) => !known.has(verb))
    .map(({ page, verb }) => `${page}: cairn ${verb}`)
  t.strictSame([...new Set(unknown)], [])
})

t.test('every script that a page names is there', async t => {
  const lacking = pages.flatMap(page =>
    [...textOf(page).matchAll(/\.\/(scripts\/[\w-]+)/g)]
      .filter(([, script]) => !existsSync(join(top, script ?? '')))
      .map(([script]) => `${page}: ${script}`)
  )
  t.strictSame(lacking, [])
})

function linksOf(text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(match => match[1] ?? '')
}

function targetOf(page: string, link: string): string {
  const path = link.split('#')[0] ?? ''
  const target = path === '' ? page : normalize(join(dirname(page), path))
  return target.endsWith('/') ? `${target}README.md` : target
}

function linkFault(page: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined
  const target = targetOf(page, link)
  if (!existsSync(join(top, target))) return `${page}: ${link} is not there`
  const heading = link.split('#')[1]
  if (heading === undefined || headingsOf(target).includes(heading)) return undefined
  return `${page}: ${link}: no such heading`
}

/** Headings as GitHub makes anchors of them. */
function headingsOf(page: string): string[] {
  return [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(match =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
  )
}

/** `cairn VERB` as it stands in a code span or at the start of a line of a code block. */
function verbsOf(text: string): string[] {
  const blocks = [...text.matchAll(/^```[\s\S]*?^```/gm)].map(([block]) => block)
  const spans = [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)]
  const lines = [
    ...blocks.flatMap(block => block.split('\n')),
    ...spans.map(([, span]) => span ?? '')
  ]
  return lines.flatMap(line => {
    const verb = /^\s*(?:\$ |# )?(?:sudo )?(?:\.?\/?bin\/)?cairn ([a-z]+)/.exec(line)?.[1]
    return verb === undefined ? [] : [verb]
  })
}
