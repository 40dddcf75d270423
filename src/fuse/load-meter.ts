/** Load is judged over this long: starting a thread costs as much as answering ten thousand requests. */
const windowMs = 1000
/** Above this share of the time spent answering, a second thread has something to do. */
const busyShare = 0.5

/** Tells from the times at which a thread takes and answers requests when another would help. */
export class LoadMeter {
  #beganMs = 0
  #busyMs = 0
  #takenMs = 0

  take(nowMs: number): void {
    this.#takenMs = nowMs
    if (this.#busyMs > 0) return
    this.#beganMs = nowMs
  }

  /** The request taken last is answered: true if another thread would help. */
  answered(nowMs: number): boolean {
    this.#busyMs += nowMs - this.#takenMs
    const passedMs = nowMs - this.#beganMs
    if (passedMs < windowMs) return false
    const busy = this.#busyMs > busyShare * passedMs
    this.#busyMs = 0
    return busy
  }
}
