"""What programs do to a large file that they may only read; prints, a line each, what each of them saw.

reading-habits.py FILE
"""
import errno
import hashlib
import mmap
import os
import sys

path = sys.argv[1]


def digest(data):
    return hashlib.sha256(data).hexdigest()


def reads_it_whole():
    return digest(open(path, 'rb').read())


def reads_here_and_there():
    f = os.open(path, os.O_RDONLY)
    size = os.fstat(f).st_size
    return digest(b''.join(os.pread(f, 5000, at * 7919 % size) for at in range(0, 20000, 7)))


def reads_around_its_end():
    f = os.open(path, os.O_RDONLY)
    size = os.fstat(f).st_size
    return size, os.pread(f, 100, size - 10), os.pread(f, 100, size), os.lseek(f, 0, os.SEEK_END)


def maps_it():
    m = mmap.mmap(os.open(path, os.O_RDONLY), 0, prot=mmap.PROT_READ)
    os.closerange(3, 64)
    return digest(m), m.find(bytes([m[-1]])), m[-17:]


def maps_it_for_itself():
    f = open(path, 'rb')
    m = mmap.mmap(f.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    m[0:3] = b'own'
    return m[0:5], f.read(3) != b'own'


def may_not_map_it_to_write():
    f = os.open(path, os.O_RDONLY)
    try:
        mmap.mmap(f, 0, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    except OSError as refused:
        return errno.errorcode[refused.errno]


def may_not_write():
    try:
        os.write(os.open(path, os.O_RDONLY), b'x')
    except OSError as refused:
        return errno.errorcode[refused.errno]


def sends_it():
    f, (r, w) = os.open(path, os.O_RDONLY), os.pipe()
    sent = os.sendfile(w, f, 4096, 4096)
    return sent, digest(os.read(r, sent))


def splices_it():
    f, (r, w) = os.open(path, os.O_RDONLY), os.pipe()
    moved = os.splice(f, w, 4096, offset_src=8192)
    return moved, digest(os.read(r, moved))


def finds_data_and_its_end():
    f = os.open(path, os.O_RDONLY)
    return os.lseek(f, 0, os.SEEK_DATA), os.lseek(f, 0, os.SEEK_HOLE)


def reads_through_two_handles():
    f, g = open(path, 'rb'), open(path, 'rb')
    f.seek(1000)
    g.seek(2000)
    return digest(f.read(3000) + g.read(3000))


def reads_what_its_parent_opened():
    f = os.open(path, os.O_RDONLY)
    r, w = os.pipe()
    if os.fork() == 0:
        os.write(w, digest(os.pread(f, 10000, 12345)).encode())
        os._exit(0)
    os.wait()
    return os.read(r, 100)


for name, habit in list(globals().items()):
    if getattr(habit, '__module__', None) == '__main__' and name != 'digest':
        print(name, habit(), flush=True)
