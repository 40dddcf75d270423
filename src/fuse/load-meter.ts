/** Requests after which the share of busy time is looked at. */
const windowRequests = 32
/** Above this share of the time spent answering, a second thread has something to do. */
const busyShare = 0.5
/** A request that takes longer has kept others waiting already. */
const slowMs = 5

/** Tells from the times at which a thread takes and answers requests when another would help. */
export class LoadMeter {
  #requests = 0
  #busyMs = 0
  #windowMs = 0
  #takenMs = 0

  take(nowMs: number): void {
    this.#takenMs = nowMs
    if (this.#requests === 0) this.#windowMs = nowMs
  }

  /** The request taken last is answered: true if another thread would help. */
  answered(nowMs: number): boolean {
    const tookMs = nowMs - this.#takenMs
    this.#busyMs += tookMs
    this.#requests++
    if (tookMs > slowMs) return true
    if (this.#requests < windowRequests) return false
    const busy = this.#busyMs > busyShare * (nowMs - this.#windowMs)
    this.#requests = 0
    this.#busyMs = 0
    return busy
  }
}
