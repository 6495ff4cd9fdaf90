"""Runs attempts to get out of a sandbox, each in a process of its own, and tells as lines of JSON what came of each try.

What an attempt may use: tell(label, action), call(name, *arguments), world (what is outside, as the test knows it), libc.
"""
import ctypes
import errno
import fcntl
import json
import os
import platform
import select
import signal
import socket
import stat
import struct
import sys
import textwrap
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE_S = 8
AT_ONCE = 6

NUMBERS = {
    "x86_64": dict(
        ptrace=101, syslog=103, personality=135, pivot_root=155, adjtimex=159, chroot=161, acct=163, settimeofday=164,
        mount=165, umount2=166, swapon=167, swapoff=168, reboot=169, sethostname=170, setdomainname=171, iopl=172,
        ioperm=173, init_module=175, delete_module=176, quotactl=179, clock_settime=227, kexec_load=246, add_key=248,
        request_key=249, keyctl=250, unshare=272, vmsplice=278, perf_event_open=298, fanotify_init=300,
        name_to_handle_at=303, open_by_handle_at=304, setns=308, process_vm_readv=310, process_vm_writev=311, kcmp=312,
        finit_module=313, kexec_file_load=320, bpf=321, userfaultfd=323, io_uring_setup=425, open_tree=428,
        move_mount=429, fsopen=430, pidfd_open=434, clone3=435, pidfd_getfd=438, process_madvise=440, mount_setattr=442,
        memfd_secret=447, clone=56, modify_ldt=154, shmget=29, msgget=68, semget=64, mq_open=240, capset=126,
        timer_create=222, mlock=149, lookup_dcookie=212, vhangup=153, migrate_pages=256, move_pages=279, prctl=157),
    "aarch64": dict(
        ptrace=117, syslog=116, personality=92, pivot_root=41, adjtimex=171, chroot=51, acct=89, settimeofday=170,
        mount=40, umount2=39, swapon=224, swapoff=225, reboot=142, sethostname=161, setdomainname=162, init_module=105,
        delete_module=106, quotactl=60, clock_settime=112, kexec_load=104, add_key=217, request_key=218, keyctl=219,
        unshare=97, vmsplice=75, perf_event_open=241, fanotify_init=262, name_to_handle_at=264, open_by_handle_at=265,
        setns=268, process_vm_readv=270, process_vm_writev=271, kcmp=272, finit_module=273, kexec_file_load=294,
        bpf=280, userfaultfd=282, io_uring_setup=425, open_tree=428, move_mount=429, fsopen=430, pidfd_open=434,
        clone3=435, pidfd_getfd=438, process_madvise=440, mount_setattr=442, memfd_secret=447, clone=220, shmget=194,
        msgget=186, semget=190, mq_open=180, capset=91, timer_create=107, mlock=228, lookup_dcookie=18, vhangup=58,
        migrate_pages=238, move_pages=239, prctl=167),
}[platform.machine()]
libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    """A system call by its name. Raises OSError as Python's own do; NotImplementedError where this machine has none."""
    if name not in NUMBERS:
        raise NotImplementedError(name)
    ctypes.set_errno(0)
    plain = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = libc.syscall(ctypes.c_long(NUMBERS[name]), *plain)
    if result == -1:
        raise OSError(ctypes.get_errno(), name)
    return result


def read(path, size=4096):
    with open(path, "rb") as file:
        return file.read(size).decode("latin1")


def write(path, text="escaped"):
    # Without O_CREAT: what is not there is not to be found as "made" in a directory that happens to be writable.
    fd = os.open(path, os.O_WRONLY)
    try:
        return os.write(fd, text.encode())
    finally:
        os.close(fd)


def connect(host, port, kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as connection:
        connection.settimeout(1)
        connection.connect((host, port))
        if kind == socket.SOCK_DGRAM:
            connection.send(b"escaped")
            return connection.recv(100).decode()
        return "connected"


def run(attempt, world, output):
    def say(label, outcome):
        os.write(output, (json.dumps([label, outcome]) + "\n").encode())

    def tell(label, action):
        try:
            say(label, "done " + repr(action())[:200])
        except NotImplementedError:
            say(label, "ENOSYS")
        except (socket.timeout, TimeoutError):
            say(label, "TIMEOUT")
        except OSError as error:
            say(label, errno.errorcode.get(error.errno, str(error)))
        except Exception as error:
            say(label, type(error).__name__ + ": " + str(error))

    names = dict(globals(), tell=tell, world=world)
    exec(compile(textwrap.dedent(attempt["tries"]), attempt["name"], "exec"), names)


def start(attempt, world):
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        os.setpgid(0, 0)
        try:
            run(attempt, world, writing)
        except BaseException as error:
            os.write(writing, (json.dumps(["harness", repr(error)]) + "\n").encode())
        os._exit(0)
    os.close(writing)
    os.set_blocking(reading, False)
    return pid, reading, time.monotonic() + PATIENCE_S, attempt["name"]


def drain(reading):
    text = b""
    try:
        while chunk := os.read(reading, 65536):
            text += chunk
    except BlockingIOError:
        pass
    return text


def main():
    with open(os.path.join(HERE, "attempts.json")) as file:
        given = json.load(file)
    waiting = list(given["attempts"])
    running = {}
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            pid, reading, until, name = start(waiting.pop(0), given["world"])
            running[pid] = (reading, until, name, [])
        select.select([reading for reading, _, _, _ in running.values()], [], [], 0.02)
        for pid, (reading, until, name, chunks) in list(running.items()):
            hung = time.monotonic() > until
            if hung:
                os.kill(pid, signal.SIGKILL)
            # What it started may live on and hold the pipe: its own end is what counts.
            ended, status = os.waitpid(pid, 0 if hung else os.WNOHANG)
            chunks.append(drain(reading))
            if not ended:
                continue
            outcomes = dict(json.loads(line) for line in b"".join(chunks).decode().splitlines())
            if os.WIFSIGNALED(status):
                outcomes["process"] = "HUNG" if hung else signal.Signals(os.WTERMSIG(status)).name
            print(json.dumps({"name": name, "outcomes": outcomes}), flush=True)
            os.close(reading)
            del running[pid]
            try:
                os.killpg(pid, signal.SIGKILL)
            except OSError:
                pass


main()
