import { parentPort } from 'node:worker_threads'
import { CairnError, toCairnError } from '../base/errors.ts'
import type { Tree } from '../vfs/api.ts'
import type { FuseSeat } from './api.ts'
import { Arrivals, type Unsettled } from './arrivals.ts'
import { receive, send } from './device.ts'
import { dispatch, type Fault } from './dispatch.ts'
import { errno } from './errno.ts'
import { LoadMeter } from './load-meter.ts'
import type { ThreadMessage } from './messages.ts'
import { joinPassthrough } from './prepare-passthrough.ts'
import { opcode, opcodeCount } from './protocol.ts'
import { Control } from './seat.ts'
import { openSession, type Session } from './session.ts'

/**
 * Answers the kernel from `tree` until the mount ends; blocks the calling worker thread. The caller
 * closes the tree afterwards and lets the thread end. `work`: what the tree may commit a little after its answers;
 * the caller commits what is left at the end.
 */
export function serveFuse(seat: FuseSeat, tree: Tree, work: Unsettled = settled): void {
  const control = new Control(seat.control)
  control.beginServing()
  let retired = false
  try {
    retired = serve(seat, control, tree, work)
  } finally {
    if (!retired) control.endServing()
  }
}

const settled: Unsettled = { unsettled: false, due: false, settle: () => {} }

/** Returns true if other threads go on, and do not count this one any more. */
function serve(seat: FuseSeat, control: Control, tree: Tree, work: Unsettled): boolean {
  const counters = new Uint32Array(seat.counters)
  const inPlace = joinPassthrough(seat.device, seat.openFiles, tree)
  const session = openSession(tree, inPlace)
  const meter = new LoadMeter(session.freshness.withoutOpen ? 'reading' : 'writing')
  const arrivals = new Arrivals(seat.device, work)
  post({ kind: 'serving' })
  while (takeRequest(seat, control, session, arrivals)) {
    const { request } = session
    const code = request.opcode
    meter.take(performance.now(), request.callerThread)
    counters[code % opcodeCount]!++
    if (code === opcode.interrupt) interrupt(session)
    else answer(seat.device, session)
    const verdict = meter.answered(performance.now())
    if (verdict === 'more' && control.mayGrow && control.waiting === 0) grow(control)
    if (verdict === 'fewer' && control.retire()) return true
    if (code === opcode.statfs && control.leaving) return false
  }
  return false
}

function takeRequest(
  seat: FuseSeat,
  control: Control,
  session: Session,
  arrivals: Arrivals
): boolean {
  control.beginWait()
  try {
    return receive(seat.device, session.request, arrivals)
  } finally {
    control.endWait()
  }
}

function grow(control: Control): void {
  control.mayGrow = false
  post({ kind: 'grow' })
}

/** struct fuse_interrupt_in: the number of the request whose caller was interrupted. */
function interrupt({ request }: Session): void {
  post({ kind: 'interrupt', unique: request.number(10) })
}

function answer(device: number, session: Session): void {
  try {
    const length = dispatch(session, report)
    if (length > 0) sendOrFail(device, session, length)
  } catch (cause) {
    const error = toCairnError(cause)
    if (error.want === undefined) throw error
    defer(session, error)
  }
}

/** A reply the kernel refuses is a defect of ours: its caller still gets an error. */
function sendOrFail(device: number, session: Session, length: number): void {
  const { request, reply } = session
  try {
    send(device, reply, length)
  } catch (cause) {
    const error = new CairnError('io', 'the kernel refused a reply', { cause })
    report({ opcode: request.opcode, ino: request.ino, error })
    send(device, reply, reply.finish(request, -errno.EIO))
  }
}

function defer({ request }: Session, error: CairnError): void {
  const message = new Uint8Array(request.bytes.subarray(0, request.length))
  post({ kind: 'deferred', request: message, want: error.want! }, [message.buffer])
}

function report({ opcode, ino, error }: Fault): void {
  const { code, message } = error
  const { stack } = error.cause instanceof Error ? error.cause : error
  post({ kind: 'fault', opcode, ino, code, message, stack })
}

function post(message: ThreadMessage, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer)
}
