import { writeFile } from 'node:fs/promises'
import { limits } from '../base/limits.ts'
import { fuseDeviceAt } from './mount-point.ts'

const readaheadKibibytes = limits.fuseRequestBytes / 1024

/**
 * Lets the kernel read ahead in requests of the largest size: by default it asks for 128 KiB, and
 * then reading a file costs a third more CPU. INIT can only lower it; raising it takes root, and where
 * it stays as it is reads are slower, not wrong.
 * https://docs.kernel.org/admin-guide/abi-testing.html#abi-sys-class-bdi-bdi-read-ahead-kb
 */
export async function widenReadahead(mountPoint: string): Promise<void> {
  try {
    const device = await fuseDeviceAt(mountPoint)
    await writeFile(`/sys/class/bdi/${device}/read_ahead_kb`, String(readaheadKibibytes))
  } catch {
    return
  }
}
