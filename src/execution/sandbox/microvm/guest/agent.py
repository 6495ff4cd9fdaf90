"""Process 1 of a microVM: starts what the region asks for as the function's user, and tells what becomes of it.

Speaks with the region over descriptor 3, a virtio port. The region sends a line of JSON for each order; what is sent back are
frames: a letter, the length in four bytes, the content. `M` is JSON, `O` what the runtime wrote, `E` what extensions wrote.
One thread that never waits but for all at once: whoever floods the log is not read while the region does not read.
"""
import ctypes
import fcntl
import json
import os
import resource
import select
import signal
import struct
import sys
import time

sys.path.insert(0, "/run/system")
import relay  # noqa: E402

PORT = 3
SYSTEM = "/run/system"
CGROUP = f"{SYSTEM}/cgroup/function"
USER_NAME = "sbx_user1051"
USER_ID, GROUP_ID = 993, 990
RELAY_ID = 65534
RUNTIME_API_PORT = 9001
MOST_PROCESSES = 1024
MB = 1024 * 1024
# One for 16 KB, as AWS's ext4 has.
INODES_PER_MB = 64
CHUNK = 65536
# ms between looks at the memory while something runs
LOOK_MS = 50
RUNTIME = "r"
# Only changes larger than this are told.
TELL_BYTES = MB // 2
# As of a container.
LIMITS = {
    resource.RLIMIT_NOFILE: 1024,
    resource.RLIMIT_NPROC: 1024,
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_STACK: 8 * MB,
    resource.RLIMIT_MEMLOCK: 65536,
}
# Of the C library and the kernel.
LIBC = ctypes.CDLL(None, use_errno=True)
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
LAST_CAPABILITY = 63
RNDRESEEDCRNG = 0x5207
MS_RDONLY, MS_NOSUID, MS_NODEV = 1, 2, 4


def write(path, text):
    with open(path, "w") as file:
        file.write(str(text))


def read(path):
    with open(path) as file:
        return file.read()


def number_of(text, name):
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return 0


class Port:
    """The virtio port: lines come in, frames go out when the other side takes them."""

    def __init__(self, poll):
        os.set_blocking(PORT, False)
        os.set_inheritable(PORT, False)
        self._poll = poll
        self._incoming = bytearray()
        self._outgoing = bytearray()
        poll.register(PORT, select.POLLIN)

    @property
    def is_behind(self):
        return len(self._outgoing) > 0

    def send(self, letter, content):
        self._outgoing += letter + struct.pack(">I", len(content)) + content
        self.flush()

    def tell(self, **message):
        self.send(b"M", json.dumps(message).encode())

    def flush(self):
        try:
            while self._outgoing:
                del self._outgoing[: os.write(PORT, self._outgoing[:CHUNK])]
        except BlockingIOError:
            pass
        self._poll.modify(PORT, select.POLLIN | (select.POLLOUT if self._outgoing else 0))

    def orders(self):
        """The orders that have come."""
        try:
            self._incoming += os.read(PORT, CHUNK)
        except BlockingIOError:
            return
        while (end := self._incoming.find(b"\n")) >= 0:
            line = bytes(self._incoming[:end])
            del self._incoming[: end + 1]
            yield json.loads(line)


class Memory:
    """The control group of all that runs: what it holds, and the end of it when that is more than the function has.

    Files of /tmp are memory, too, which the kernel counts in the same group: they have a limit of their own.
    """

    def __init__(self, limit, storage):
        self._limit = limit
        self._storage = storage
        self._usage = self._highest = self._most_files = 0
        self.peak = 0
        self.is_over = False

    def make(self):
        """A new group: the kernel's high-water mark begins anew."""
        for group in ("/runtime", "/extensions", ""):
            try:
                os.rmdir(CGROUP + group)
            except FileNotFoundError:
                pass
        for group in ("", "/runtime", "/extensions"):
            os.mkdir(CGROUP + group)
        write(f"{CGROUP}/memory.max", self._limit + self._storage)
        write(f"{CGROUP}/memory.oom.group", 1)
        write(f"{CGROUP}/pids.max", MOST_PROCESSES)
        self._usage = self._highest = self._most_files = 0
        self.peak = 0
        self.is_over = False

    def look(self):
        usage = int(read(f"{CGROUP}/memory.current"))
        highest = int(read(f"{CGROUP}/memory.peak"))
        if highest == self._highest and abs(usage - self._usage) < MB:
            return
        self._usage, self._highest = usage, highest
        files = number_of(read(f"{CGROUP}/memory.stat"), "file")
        own = usage - files
        self._most_files = max(self._most_files, files)
        # The mark counts files as well: the most that was seen of them is the best guess of what was there.
        self.peak = max(self.peak, own, highest - self._most_files)
        if own > self._limit and not self.is_over:
            self.is_over = True
            kill("")

    def was_killed(self):
        return self.is_over or number_of(read(f"{CGROUP}/memory.events"), "oom_kill") > 0


def kill(group):
    write(f"{CGROUP}{group}/cgroup.kill", 1)


def is_populated(group):
    return number_of(read(f"{CGROUP}{group}/cgroup.events"), "populated") > 0


class Output:
    """A pipe in which all that a group writes comes together."""

    def __init__(self, poll, letter):
        self.letter = letter
        self._poll = poll
        self.read_end, self._write_end = os.pipe()
        os.set_blocking(self.read_end, False)
        # Programs that open /dev/stdout by its path need to own the pipe.
        os.fchown(self._write_end, USER_ID, GROUP_ID)
        self._is_watched = False
        self.watch(True)

    @property
    def write_end(self):
        return self._write_end

    def watch(self, wanted):
        if wanted and not self._is_watched:
            self._poll.register(self.read_end, select.POLLIN)
        if not wanted and self._is_watched:
            self._poll.unregister(self.read_end)
        self._is_watched = wanted

    def take(self):
        """What is there, empty when nothing is."""
        try:
            return os.read(self.read_end, CHUNK)
        except BlockingIOError:
            return b""

    def close(self):
        self.watch(False)
        os.close(self.read_end)
        os.close(self._write_end)


class Agent:
    def __init__(self):
        self._poll = select.poll()
        self._port = Port(self._poll)
        self._memory = None
        self._told_peak = 0
        # Process ids of what was started, with what it is called.
        self._names = {}
        self._outputs = {}
        # How the runtime ended, until all that it wrote is sent on.
        self._runtime_end = None
        self._has_extensions = False
        self._is_resetting = False
        self._relay = self._start_relay()
        self._ended, ended = os.pipe()
        os.set_blocking(self._ended, False)
        os.set_blocking(ended, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(ended, warn_on_full_buffer=False)
        self._poll.register(self._ended, select.POLLIN)

    def run(self):
        self._port.tell(event="booted")
        while True:
            for output in self._outputs.values():
                output.watch(not self._port.is_behind)
            ready = dict(self._poll.poll(LOOK_MS if self._outputs else None))
            if self._outputs:
                self._look()
            if PORT in ready:
                for order in self._port.orders():
                    getattr(self, f"do_{order.pop('do')}")(**order)
                self._port.flush()
            if self._ended in ready:
                self._collect()
            self._pass_on()
            self._settle()

    def _start_relay(self):
        listener = relay.listen(RUNTIME_API_PORT)
        pid = os.fork()
        if pid == 0:
            os.close(PORT)
            drop_privileges(RELAY_ID, RELAY_ID, {})
            relay.Relay(listener, (os.environ["region"], RUNTIME_API_PORT)).run()
        listener.close()
        return pid

    def do_wake(self):
        """What is told next is heard at once: the time, for one."""
        self._port.tell(event="awake")

    def do_resume(self, nameServers, entropy, nowMs):
        """This machine goes on where another one was."""
        self._begin_anew(nameServers, entropy, nowMs)
        os.kill(self._relay, signal.SIGUSR1)
        self._told_peak = 0
        self._look()
        self._port.tell(event="ready")

    def _begin_anew(self, name_servers, entropy, now_ms):
        time.clock_settime(time.CLOCK_REALTIME, now_ms / 1000)
        stir(bytes.fromhex(entropy))
        write("/run/alonzo/resolv.conf", name_servers)

    def do_furnish(self, mounts, memoryMb, ephemeralStorageMb, nameServers, entropy, nowMs):
        self._begin_anew(nameServers, entropy, nowMs)
        for disk, target in mounts.items():
            mount(f"{SYSTEM}/dev/disk-{disk}", target, "erofs", MS_RDONLY | MS_NOSUID | MS_NODEV)
        size = f"size={ephemeralStorageMb}m,nr_inodes={ephemeralStorageMb * INODES_PER_MB},mode=1777"
        mount("tmp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, size)
        user = f"{USER_NAME}:x:{USER_ID}"
        write("/run/alonzo/passwd", f"root:x:0:0:root:/root:/bin/sh\n{user}:{GROUP_ID}::/tmp:/bin/sh\n")
        write("/run/alonzo/group", f"root:x:0:\n{USER_NAME}:x:{GROUP_ID}:\n")
        write(f"{SYSTEM}/cgroup/cgroup.subtree_control", "+memory +pids")
        os.makedirs(CGROUP, exist_ok=True)
        self._memory = Memory(memoryMb * MB, ephemeralStorageMb * MB)
        self._port.tell(event="ready")

    def do_extensions(self, executables, environment, directory):
        self._begin()
        self._has_extensions = True
        for index, executable in enumerate(executables):
            argv = ["/bin/sh", "-c", 'exec "$0"', executable]
            self._launch(str(index), "/extensions", argv, environment, directory, "E")
        self._port.tell(event="started")

    def do_start(self, argv, environment, directory):
        if not self._has_extensions:
            self._begin()
        self._launch(RUNTIME, "/runtime", argv, environment, directory, "O")
        self._port.tell(event="started")

    def do_signal(self, name):
        for pid, who in self._names.items():
            if who == RUNTIME:
                os.kill(pid, getattr(signal, name))

    def do_reset(self):
        self._is_resetting = True
        kill("")

    def _begin(self):
        self._memory.make()
        self._told_peak = 0

    def _launch(self, who, group, argv, environment, directory, letter):
        output = self._outputs.get(letter)
        if not output:
            output = self._outputs[letter] = Output(self._poll, letter.encode())
        pid = os.fork()
        if pid == 0:
            become(group, output.write_end, argv, environment, directory)
        self._names[pid] = who

    def _collect(self):
        """Of all that ended; orphans among them, which are nobody's."""
        try:
            os.read(self._ended, 4096)
        except BlockingIOError:
            pass
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._relay:
                # Nothing could reach the region any more: the end of process 1 is the machine's.
                raise SystemExit("the relay ended")
            who = self._names.pop(pid, None)
            if who == RUNTIME:
                self._runtime_end = status
                kill("/runtime")
            elif who is not None:
                self._look()
                self._pass_on()
                self._tell_end(who, status)

    def _tell_end(self, who, status):
        code = os.waitstatus_to_exitcode(status)
        out_of_memory = code == -signal.SIGKILL and self._memory.was_killed()
        self._port.tell(event="ended", who=who, code=code, outOfMemory=out_of_memory)

    def _look(self):
        self._memory.look()
        if self._memory.peak - self._told_peak >= TELL_BYTES:
            self._told_peak = self._memory.peak
            self._port.tell(event="memory", peakBytes=self._told_peak)

    def _pass_on(self):
        for output in self._outputs.values():
            while not self._port.is_behind and (chunk := output.take()):
                self._port.send(output.letter, chunk)

    def _settle(self):
        """Tell the runtime's end, and that all was reset, when nothing of it is left and what it wrote is sent on."""
        if self._runtime_end is not None and self._is_over("/runtime"):
            self._tell_end(RUNTIME, self._runtime_end)
            self._runtime_end = None
            if not self._has_extensions:
                self._close_outputs()
        if self._is_resetting and not self._names and self._runtime_end is None and self._is_over(""):
            self._is_resetting = self._has_extensions = False
            self._close_outputs()
            self._port.tell(event="reset")

    def _is_over(self, group):
        if is_populated(group) or self._port.is_behind:
            return False
        self._pass_on()
        return not self._port.is_behind

    def _close_outputs(self):
        for output in self._outputs.values():
            output.close()
        self._outputs.clear()


def become(group, output, argv, environment, directory):
    """The rest of a child's life before it is somebody else's program."""
    try:
        write(f"{CGROUP}{group}/cgroup.procs", os.getpid())
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        nothing = os.open("/dev/null", os.O_RDONLY)
        for source, target in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        os.umask(0o022)
        drop_privileges(USER_ID, GROUP_ID, LIMITS)
        os.chdir(directory)
        os.execvpe(argv[0], argv, environment)
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def drop_privileges(user_id, group_id, limits):
    for resource_id, most in limits.items():
        resource.setrlimit(resource_id, (most, most))
    for capability in range(LAST_CAPABILITY + 1):
        LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups([])
    os.setresgid(group_id, group_id, group_id)
    os.setresuid(user_id, user_id, user_id)
    if LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")


def stir(entropy):
    """Other machines went on from the same state: from here on their random numbers are not the same."""
    with open("/dev/urandom", "wb", buffering=0) as device:
        device.write(entropy)
        fcntl.ioctl(device, RNDRESEEDCRNG)


def mount(source, target, kind, flags, options=""):
    if LIBC.mount(source.encode(), target.encode(), kind.encode(), flags, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), f"mount of {source} at {target}")


Agent().run()
