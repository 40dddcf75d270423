"""What programs do to a large file that they open again; prints, a line each, what each of them saw.

in-place-habits.py: each in a new folder of the working directory.
"""
import ctypes
import fcntl
import mmap
import os

LIBC = ctypes.CDLL(None)
LIBC.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]
PUNCH_HOLE_KEEP_SIZE = 3


def size():
    return os.stat('f').st_size


def writes_within():
    f = open('f', 'r+b')
    f.seek(70000)
    f.write(b'X' * 9000)
    f.flush()
    f.seek(69999)
    return f.read(9002)


def writes_past_the_end():
    f = open('f', 'r+b', 0)
    f.seek(2000000)
    f.write(b'end')
    f.seek(1048570)
    return os.fstat(f.fileno()).st_size, size(), f.read(20)


def appends_through_two_handles():
    a, b = open('f', 'ab', 0), open('f', 'ab', 0)
    for handle, word in (a, b'one'), (b, b'two'), (a, b'three'):
        handle.write(word)
    return open('f', 'rb').read()[-11:]


def truncates_what_is_open():
    f = open('f', 'r+b', 0)
    os.truncate('f', 100)
    first = os.fstat(f.fileno()).st_size, len(f.read())
    f.write(b'more')
    second = size()
    f.truncate(5000)
    return first, second, size()


def empties_what_is_open():
    f, g = open('f', 'r+b', 0), open('f', 'wb', 0)
    empty = os.fstat(f.fileno()).st_size
    g.write(b'new')
    return empty, f.read()


def maps_it_shared():
    f = open('f', 'r+b', 0)
    m = mmap.mmap(f.fileno(), 0)
    m[5:10] = b'MAPPD'
    seen = f.read(12)
    f.seek(0)
    f.write(b'W')
    return seen, m[0:3], m.flush()


def maps_it_private():
    f = open('f', 'r+b', 0)
    m = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY)
    m[0:3] = b'own'
    return m[0:3], f.read(3)


def makes_holes_and_finds_them():
    f = open('f', 'r+b', 0)
    punched = LIBC.fallocate(f.fileno(), PUNCH_HOLE_KEEP_SIZE, 0, 524288)
    data = os.lseek(f.fileno(), 0, os.SEEK_DATA)
    f.seek(0)
    zeros = f.read(524288) == bytes(524288)
    os.posix_fallocate(f.fileno(), 0, 3000000)
    return punched, data, zeros, size()


def copies_a_range_into_it():
    open('s', 'wb').write(b's' * 100000)
    f, s, done = open('f', 'r+b', 0), open('s', 'rb'), 0
    while done < 100000:
        done += os.copy_file_range(s.fileno(), f.fileno(), 100000 - done, done, done)
    return f.read(3), size(), open('f', 'rb').read()[99999:100002]


def copies_all_of_another_over_it():
    open('s', 'wb').write(b's' * 2000000)
    f, s, done = open('f', 'r+b', 0), open('s', 'rb'), 0
    while done < 2000000:
        done += os.copy_file_range(s.fileno(), f.fileno(), 2000000 - done, done, done)
    f.seek(0)
    f.write(b'F')
    return size(), open('f', 'rb').read(3)


def sends_it_elsewhere():
    f, o = open('f', 'r+b', 0), open('o', 'w+b', 0)
    return os.sendfile(o.fileno(), f.fileno(), 0, 4096), os.pread(o.fileno(), 16, 0)


def sets_its_times_and_writes_again():
    f = open('f', 'r+b', 0)
    f.write(b'x')
    os.utime('f', (7, 7))
    set_to = os.stat('f').st_mtime
    f.write(b'y')
    return set_to, os.stat('f').st_mtime > 1e9


def loses_it_while_open():
    f = open('f', 'r+b', 0)
    os.unlink('f')
    f.write(b'gone')
    f.seek(0)
    return f.read(4), os.fstat(f.fileno()).st_nlink


def replaces_it_while_it_is_open():
    f = open('f', 'r+b', 0)
    open('n', 'wb').write(b'n')
    os.rename('n', 'f')
    return f.read(3), open('f', 'rb').read()


def locks_it():
    f, g = open('f', 'r+b', 0), open('f', 'r+b', 0)
    fcntl.flock(f, fcntl.LOCK_EX)
    try:
        fcntl.flock(g, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as refused:
        return refused.errno


def synchronises_it():
    f = open('f', 'r+b', 0)
    f.write(b'z')
    return os.fsync(f.fileno()), os.fdatasync(f.fileno())


def may_not_write_through_a_handle_for_reading():
    try:
        os.write(os.open('f', os.O_RDONLY), b'x')
    except OSError as refused:
        return refused.errno


def opens_it_before_it_is_large():
    s = open('g', 'wb', 0)
    s.write(b'a' * 200000)
    f = open('g', 'r+b', 0)
    f.write(b'b')
    return open('g', 'rb').read(2)


top = os.getcwd()
for name, habit in list(globals().items()):
    if getattr(habit, '__module__', None) != '__main__' or name == 'size':
        continue
    os.mkdir(os.path.join(top, name))
    os.chdir(os.path.join(top, name))
    open('f', 'wb').write(b'0123456789abcdef' * 65536)
    print(name, habit(), flush=True)
