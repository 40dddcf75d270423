import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa, type Result } from 'execa'

export interface NpmClient {
  /** The project's folder. */
  readonly folder: string
  run: (...args: string[]) => Promise<Result>
  /** Runs it, and types an answer when its prompt appears. */
  answer: (args: readonly string[], answers: Readonly<Record<string, string>>) => Promise<Result>
  /** Names of what is in node_modules, scopes included. */
  installed: () => string[]
  /** Empties its cache and node_modules: the next command is a cold one. */
  forget: () => void
  remove: () => void
}

/**
 * A real npm that knows nothing of this machine but the program: its own settings, cache and project.
 * `through`: the program, and its first arguments, that runs it elsewhere: `nsenter …`.
 */
export function openNpmClient(
  registry: string,
  dependencies: Readonly<Record<string, string>>,
  through: readonly string[] = []
): NpmClient {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-npm-'))
  const manifest = { name: 'project', version: '1.0.0', private: true, dependencies }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  writeFileSync(
    join(folder, 'npmrc'),
    `registry=${registry}\nfund=false\naudit=false\nupdate-notifier=false\nfetch-retries=0\n`
  )
  const env = {
    HOME: folder,
    npm_config_userconfig: join(folder, 'npmrc'),
    npm_config_globalconfig: join(folder, 'none'),
    npm_config_cache: join(folder, 'cache')
  }
  return {
    folder,
    run: (...args) =>
      execa('env', [...through, 'npm', ...args], {
        cwd: folder,
        env,
        all: true,
        reject: false,
        stdin: 'ignore'
      }) as unknown as Promise<Result>,
    answer: async (args, answers) => {
      const running = execa('npm', args, { cwd: folder, env, all: true, reject: false })
      const waiting = new Map(Object.entries(answers))
      let said = ''
      running.all.on('data', piece => {
        said += String(piece)
        for (const [prompt, answer] of waiting) {
          if (!said.includes(prompt)) continue
          waiting.delete(prompt)
          running.stdin.write(`${answer}\n`)
        }
      })
      return (await running) as unknown as Result
    },
    installed: () => listModules(join(folder, 'node_modules')),
    forget: () => {
      rmSync(join(folder, 'cache'), { recursive: true, force: true })
      rmSync(join(folder, 'node_modules'), { recursive: true, force: true })
    },
    remove: () => rmSync(folder, { recursive: true, force: true })
  }
}

function listModules(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter(name => !name.startsWith('.'))
    .flatMap(name =>
      name.startsWith('@') ? readdirSync(join(folder, name)).map(part => `${name}/${part}`) : [name]
    )
}

/** The registry this machine's own npm uses; never written into the project. */
export function machineRegistry(): string | undefined {
  try {
    const url = execFileSync('npm', ['config', 'get', 'registry'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore']
    }).trim()
    return url.endsWith('/') ? url : `${url}/`
  } catch {
    return undefined
  }
}
