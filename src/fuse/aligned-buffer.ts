/** What we need of https://webassembly.github.io/spec/js-api/#memories, which only browsers' types declare. */
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number; maximum: number }) => { buffer: ArrayBuffer }
}

const wasmPageBytes = 65_536
const pageBytes = 4096

/**
 * A buffer whose byte `payloadOffset` lies at the start of a page. The kernel copies requests and
 * replies page by page: where our pages and its pages do not begin together each copy becomes two,
 * which costs a read of a file a tenth of its CPU time. WebAssembly's memory is what the language offers
 * that begins on a page; it is zeros, not resident until touched.
 */
export function alignedBuffer(bytes: number, payloadOffset: number): Buffer<ArrayBuffer> {
  const start = pageBytes - payloadOffset
  return Buffer.from(pageAligned(start + bytes), start, bytes)
}

/** Each reserves gigabytes of addresses; where those are rationed (`ulimit -v`) it is slower but works. */
function pageAligned(bytes: number): ArrayBuffer {
  const initial = Math.ceil(bytes / wasmPageBytes)
  try {
    return new WebAssembly.Memory({ initial, maximum: initial }).buffer
  } catch {
    return new ArrayBuffer(bytes)
  }
}
