import { setImmediate as turn } from 'node:timers/promises'
import { makeCid } from '../../base/blocks.ts'
import { CairnError } from '../../base/errors.ts'
import { holding } from '../../base/holding.ts'
import type { RootState } from '../../roots/api.ts'
import type { Node } from '../../unixfs/api.ts'
import type { SealOptions, SealResult } from './api.ts'
import { type BuiltDirectory, buildPlan } from './build-plan.ts'
import type { Context } from './context.ts'
import { type Inode, isDirectory } from './inode.ts'
import { findRow } from './inodes.ts'
import { type DirectoryPlan, planDirectories } from './plan-seal.ts'
import { isChanged } from './read.ts'
import { sweepOrphans } from './remove.ts'
import { type Breathe, type SealedFile, sealFile } from './seal-file.ts'
import { rememberSealed } from './sealed-drafts.ts'
import { abandonDrafts, commitFiles, settleDirectory, settleFile } from './settle.ts'
import { emptyTrash } from './trash.ts'

/** Work between two turns of the event loop. */
const breathBytes = 4 * 1024 * 1024
/** Files and bytes whose drafts are let go in one durable step. */
const groupFiles = 512
const groupBytes = 64 * 1024 * 1024
/** Plans made anew because the tree, or the root, changed under one. */
const attempts = 10

/**
 * One seal at a time in an instance; several processes may seal: the root is advanced by
 * compare-and-swap, and the loser plans again.
 *
 * First the files nobody writes to, in groups, each let go of its draft when its blocks are durable. Then,
 * on one snapshot of the names, the directories that are dirty and the files still open.
 */
export class Sealer {
  readonly #context: Context
  #last: Promise<unknown> = Promise.resolve()

  constructor(context: Context) {
    this.#context = context
  }

  seal(options: SealOptions): Promise<SealResult> {
    const result = this.#last.then(() => holding(() => this.#seal(options)))
    this.#last = result.catch(() => undefined)
    return result
  }

  async #seal({ signal, reason = 'seal' }: SealOptions): Promise<SealResult> {
    const breathe = breather(signal)
    sweepOrphans(this.#context)
    await this.#sealClosedFiles(breathe)
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await this.#sealDirectories(reason, breathe)
        emptyTrash(this.#context)
        return result
      } catch (error) {
        const again = isChanged(error) || (error instanceof CairnError && error.code === 'conflict')
        if (!again || attempt === attempts) throw error
      }
    }
  }

  async #sealClosedFiles(breathe: Breathe): Promise<void> {
    let after = 0
    for (;;) {
      const inodes = closedFiles(this.#context, after)
      const last = inodes.at(-1)
      if (last === undefined) return
      after = last.ino
      await this.#sealGroup(inodes, breathe)
    }
  }

  async #sealGroup(inodes: readonly Inode[], breathe: Breathe): Promise<void> {
    // What somebody may still write to must not become blocks.
    const adopt = this.#context.sharesDrafts !== true
    let group: SealedFile[] = []
    let bytes = 0
    try {
      for (const inode of inodes) {
        const file = await orGone(() => sealFile(this.#context, inode, breathe, { adopt }))
        if (file === undefined) continue
        group.push(file)
        bytes += file.attributes.size
        if (bytes < groupBytes) continue
        const full = group
        group = []
        bytes = 0
        commitFiles(this.#context, full)
      }
    } catch (cause) {
      abandonDrafts(group)
      throw cause
    }
    commitFiles(this.#context, group)
  }

  async #sealDirectories(reason: string, breathe: Breathe): Promise<SealResult> {
    const { plans, standing } = this.#plan()
    const files = await this.#sealPending(plans, breathe)
    const nodes = new Map<number, Node>()
    for (const [ino, file] of files) nodes.set(ino, file.node)
    const built: BuiltDirectory[] = []
    for (const plan of plans.toReversed()) {
      const directory = buildPlan(this.#context, plan, nodes)
      built.push(directory)
      nodes.set(plan.inode.ino, directory.node)
      await breathe(plan.links.length * 64)
    }
    return this.#advance(built, files, standing, reason)
  }

  #plan(): { plans: DirectoryPlan[]; standing: RootState | undefined } {
    const { database, roots, rootName } = this.#context
    return database.read(() => ({
      plans: planDirectories(this.#context),
      standing: roots.get(rootName)
    }))
  }

  async #sealPending(
    plans: readonly DirectoryPlan[],
    breathe: Breathe
  ): Promise<Map<number, SealedFile>> {
    const files = new Map<number, SealedFile>()
    for (const { inode } of plans.flatMap(plan => plan.pending)) {
      if (isDirectory(inode) || files.has(inode.ino)) continue
      const file = await this.#sealAsItIsNow(inode, breathe)
      if (file !== undefined) files.set(inode.ino, file)
    }
    return files
  }

  /**
   * A file whose draft went since the plan is read by its row of now. One that was removed meanwhile is
   * left out: the directory it was in is dirty again, and next time built without it.
   */
  async #sealAsItIsNow(planned: Inode, breathe: Breathe): Promise<SealedFile | undefined> {
    let inode = planned
    for (let attempt = 1; attempt < attempts; attempt++) {
      const current = inode
      const file = await orGone(() => sealFile(this.#context, current, breathe))
      if (file !== undefined) return file
      const found = findRow(this.#context, planned.ino)
      if (found === undefined) return undefined
      inode = found
    }
    return sealFile(this.#context, inode, breathe)
  }

  /** `built`: the root comes last. */
  #advance(
    built: readonly BuiltDirectory[],
    files: ReadonlyMap<number, SealedFile>,
    standing: RootState | undefined,
    reason: string
  ): SealResult {
    const { blocks, database, roots, rootName, unixfs } = this.#context
    const root = built.at(-1)?.node
    if (root === undefined) return standingResult(standing)
    const cid = makeCid(root.codec, root.multihash, root.cidVersion)
    blocks.flush({ durable: true })
    database.write(() => {
      const clean = new Set<number>()
      for (const file of files.values())
        if (settleFile(this.#context, file)) clean.add(file.inode.ino)
        else remember(this.#context, file)
      for (const directory of built) {
        if (settleDirectory(this.#context, directory, clean)) clean.add(directory.plan.inode.ino)
      }
      roots.advance(rootName, standing?.cid, cid, { profile: unixfs.writer.profile.name, reason })
    })
    return { cid }
  }
}

/** A file that is open still: what it was sealed as, for the next seal. */
function remember(context: Context, { inode, settled, node }: SealedFile): void {
  if (inode.draft !== null && settled !== undefined) {
    rememberSealed(context, inode.draft, settled, node)
  }
}

function standingResult(standing: RootState | undefined): SealResult {
  if (standing !== undefined) return { cid: standing.cid }
  throw new CairnError('corrupt', 'the tree is sealed but its root stands nowhere: run cairn fsck')
}

function closedFiles(context: Context, after: number): Inode[] {
  return context.database
    .statement(
      `SELECT *, 1 AS stored FROM inodes INDEXED BY inodes_dirty
       WHERE dirty = 1 AND ino > ? AND writers = 0 AND links > 0
       AND (mode & 61440) IN (32768, 40960) ORDER BY ino LIMIT ${groupFiles}`
    )
    .all(after) as unknown as Inode[]
}

/** A file removed since it was listed needs no seal. */
async function orGone<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (isChanged(error)) return undefined
    throw error
  }
}

function breather(signal: AbortSignal | undefined): Breathe {
  let done = 0
  const breathe = async (bytes: number): Promise<void> => {
    done += bytes
    if (done >= breathBytes) {
      done = 0
      await turn()
    }
    if (signal?.aborted) throw new CairnError('aborted', 'sealing was stopped: nothing is lost')
  }
  return Object.assign(breathe, { signal })
}
