"""Random operations on the bytes of one file, each checked against a buffer in memory.

Arguments: the file (made anew), a seed, how many operations. Prints how often each was done; ends with 1 and
the last operations if a byte is not what was written.
"""

import ctypes
import errno
import mmap
import os
import random
import sys

KEEP, PUNCH, ZERO = 1, 2, 16
PAGE = 4096
MOST = 300_000

libc = ctypes.CDLL("libc.so.6", use_errno=True)
libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]


class Checked:
    def __init__(self, path, seed):
        self.path = path
        self.die = random.Random(seed)
        self.model = bytearray()
        self.file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        self.log = []
        self.counts = {}

    def range(self, within=None):
        end = MOST if within is None else within
        start = self.die.choice([self.die.randrange(end + 1), self.die.randrange(end // PAGE + 1) * PAGE])
        length = self.die.choice([1, self.die.randrange(1, 200), PAGE, self.die.randrange(1, 70_000)])
        return start, max(0, min(length, end - start))

    def same(self, got, start, what):
        want = bytes(self.model[start : start + len(got)])
        if got != want:
            at = next(i for i, (a, b) in enumerate(zip(got + b"?", want + b"?")) if a != b)
            raise AssertionError(f"{what}: byte {start + at} is {got[at]}, where {want[at]} was written")

    def fill(self, start, bytes_):
        if start + len(bytes_) > len(self.model):
            self.model.extend(bytes(start + len(bytes_) - len(self.model)))
        self.model[start : start + len(bytes_)] = bytes_

    def fresh(self, length):
        return self.die.randbytes(length)

    def op_read(self):
        start, length = self.range()
        got = os.pread(self.file, length, start)
        want = max(0, min(length, len(self.model) - start))
        if len(got) != want:
            raise AssertionError(f"read of {length} at {start}: {len(got)} bytes, where {want} are")
        self.same(got, start, "read")

    def op_write(self):
        start, length = self.range()
        bytes_ = self.fresh(length)
        if os.pwrite(self.file, bytes_, start) != length:
            raise AssertionError("a short write")
        if length > 0:
            self.fill(start, bytes_)

    def op_append(self):
        if len(self.model) > MOST:
            return
        bytes_ = self.fresh(self.die.randrange(1, 9000))
        other = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        os.write(other, bytes_)
        os.close(other)
        self.fill(len(self.model), bytes_)

    def op_truncate(self):
        size = self.die.choice([0, self.die.randrange(MOST), self.die.randrange(len(self.model) + 1)])
        os.truncate(self.path, size) if self.die.random() < 0.5 else os.ftruncate(self.file, size)
        self.fill(size, b"")
        del self.model[size:]

    def mapped(self, access):
        size = os.fstat(self.file).st_size
        if size != len(self.model):
            raise AssertionError(f"the size is {size}, where {len(self.model)} is right")
        return mmap.mmap(self.file, size, access=access) if size > 0 else None

    def op_map_read(self):
        memory = self.mapped(mmap.ACCESS_READ)
        if memory is not None:
            start, length = self.range(len(self.model))
            self.same(memory[start : start + length], start, "mapped read")
            memory.close()

    def op_map_write(self):
        memory = self.mapped(mmap.ACCESS_WRITE)
        if memory is not None:
            start, length = self.range(len(self.model))
            bytes_ = self.fresh(length)
            memory[start : start + length] = bytes_
            self.fill(start, bytes_)
            if self.die.random() < 0.5:
                memory.flush()
            memory.close()

    def op_map_private(self):
        memory = self.mapped(mmap.ACCESS_COPY)
        if memory is not None:
            start, length = self.range(len(self.model))
            memory[start : start + length] = self.fresh(length)
            memory.close()

    def fallocate(self, mode, start, length):
        if libc.fallocate(self.file, mode, start, length) != 0:
            raise OSError(ctypes.get_errno(), "fallocate")

    def op_punch(self):
        self.clear(PUNCH | KEEP)

    def op_zero(self):
        self.clear(ZERO | self.die.choice([0, KEEP]))

    def clear(self, mode):
        start, length = self.range()
        if length > 0:
            self.fallocate(mode, start, length)
            if mode & KEEP:
                end = min(start + length, len(self.model))
                if end > start:
                    self.fill(start, bytes(end - start))
            else:
                self.fill(start, bytes(length))

    def op_allocate(self):
        start, length = self.range()
        mode = self.die.choice([0, KEEP])
        if length > 0:
            self.fallocate(mode, start, length)
            if mode == 0 and start + length > len(self.model):
                self.fill(start + length, b"")

    def op_copy_range(self):
        start, length = self.range(len(self.model))
        to, _ = self.range()
        if length == 0 or abs(to - start) < length:
            return
        done = 0
        while done < length:
            count = os.copy_file_range(self.file, self.file, length - done, start + done, to + done)
            if count == 0:
                raise AssertionError("copy_file_range stops within the file")
            done += count
        self.fill(to, bytes(self.model[start : start + length]))

    def op_holes(self):
        at, size = 0, len(self.model)
        while at < size:
            try:
                data = os.lseek(self.file, at, os.SEEK_DATA)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                data = size
            if any(self.model[at:data]):
                raise AssertionError(f"data called a hole between {at} and {data}")
            at = os.lseek(self.file, data, os.SEEK_HOLE) if data < size else size

    def op_reopen(self):
        os.close(self.file)
        self.file = os.open(self.path, os.O_RDWR)
        self.op_whole()

    def op_whole(self):
        with open(self.path, "rb") as file:
            got = file.read()
        if len(got) != len(self.model):
            raise AssertionError(f"{len(got)} bytes in all, where {len(self.model)} were written")
        self.same(got, 0, "whole")

    def op_sync(self):
        self.die.choice([os.fsync, os.fdatasync])(self.file)

    def op_seal(self):
        """Asking for the CID seals the file; one whose handle is not yet released is busy."""
        os.close(self.file)
        try:
            os.getxattr(self.path, "user.cairn.cid")
        except OSError as error:
            if error.errno not in (errno.ENODATA, errno.ENOTSUP, errno.EBUSY):
                raise
        self.file = os.open(self.path, os.O_RDWR)

    def run(self, count):
        names = sorted(name for name in dir(self) if name.startswith("op_"))
        often = ["op_read", "op_write", "op_map_write", "op_map_read", "op_truncate"]
        lacking = set()
        for number in range(count):
            name = self.die.choice(names + often)
            state = f"{number} {name} of {len(self.model)}"
            self.log = self.log[-40:] + [state]
            try:
                getattr(self, name)()
                self.counts[name[3:]] = self.counts.get(name[3:], 0) + 1
            except OSError as error:
                if error.errno not in (errno.EOPNOTSUPP, errno.EXDEV, errno.ENOSYS):
                    raise
                lacking.add(name[3:])
        self.op_whole()
        print("did", " ".join(sorted(self.counts)))
        print("lacks", " ".join(sorted(lacking)))


checked = Checked(sys.argv[1], int(sys.argv[2]))
try:
    checked.run(int(sys.argv[3]))
except BaseException:
    print(*checked.log, sep="\n", file=sys.stderr)
    raise
