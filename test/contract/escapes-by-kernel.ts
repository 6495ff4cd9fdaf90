/** Ways out by what the kernel does for whoever calls it: privileges, namespaces, other processes, the machine. */
import type { Escape } from "./escape.ts";

export const BY_KERNEL: readonly Escape[] = [
  {
    name: "another user: setuid, setgid, groups, file system user",
    tries: `
      tell("setuid", lambda: os.setuid(0)); tell("setreuid", lambda: os.setreuid(0, 0)); tell("setresuid", lambda: os.setresuid(0, 0, 0))
      tell("neighbour's", lambda: os.setuid(os.getuid() + 1))
      tell("setgid", lambda: os.setgid(0)); tell("groups", lambda: os.setgroups([0]))
      libc.setfsuid(0)
      tell("fsuid", lambda: "own" if libc.setfsuid(-1) == os.getuid() else "another")`,
    contained: /^(EPERM|EINVAL|done 'own')$/,
    ofKernel: true,
  },
  {
    name: "capabilities: raising them, keeping them, ambient and bounding sets",
    tries: `
      header = struct.pack("Ii", 0x20080522, 0)
      tell("capset", lambda: call("capset", header, struct.pack("6I", *([0xffffffff] * 6))))
      tell("ambient", lambda: call("prctl", 47, 2, 21, 0, 0))
      tell("own", lambda: {line.split()[1] for line in open("/proc/self/status") if line.startswith("Cap")})`,
    contained: /^(EPERM|EINVAL|done \{'0000000000000000'\})$/,
  },
  {
    name: "new privileges switched on again, the filter taken off",
    tries: `
      tell("no_new_privs", lambda: call("prctl", 38, 0, 0, 0, 0))
      tell("seccomp off", lambda: call("prctl", 22, 0, 0, 0, 0))
      def allow_all():
          program = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7fff0000))
          class Filter(ctypes.Structure): _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
          call("prctl", 22, 2, ctypes.byref(Filter(1, ctypes.addressof(program))))
          try: call("mount", b"x", b"/tmp", b"tmpfs", 0, None)
          except OSError as error: return errno.errorcode[error.errno]
          return "mounted"
      tell("a filter that allows all", allow_all)`,
    contained: /^(EINVAL|EPERM|EFAULT|done 'EPERM'|done 'EACCES')$/,
  },
  {
    name: "namespaces of its own: unshare and clone with every flag",
    tries: `
      flags = dict(user=0x10000000, mount=0x20000, pid=0x20000000, net=0x40000000, ipc=0x8000000, uts=0x4000000, cgroup=0x2000000, time=0x80)
      for name, flag in flags.items(): tell("unshare " + name, lambda: call("unshare", flag))
      for name, flag in flags.items():
          if name != "time": tell("clone " + name, lambda: call("clone", flag | 17, 0, 0, 0, 0) or os._exit(0))
      tell("clone3", lambda: call("clone3", bytes(88), 88))`,
    ofKernel: true,
  },
  {
    name: "the namespaces of others: setns by /proc/1/ns and by a process descriptor",
    tries: `
      for name in ("mnt", "net", "pid", "user", "ipc", "uts", "cgroup"):
          tell(name, lambda: call("setns", os.open("/proc/1/ns/" + name, os.O_RDONLY), 0))
      tell("process", lambda: call("setns", call("pidfd_open", 1, 0), 0x20000))`,
    contained: /^(EPERM|EACCES|ENOSYS|EINVAL|ENOENT)$/,
  },
  {
    name: "users of a namespace, mapped to those of the host",
    tries: `
      for name in ("uid_map", "gid_map", "setgroups"):
          tell(name, lambda: write("/proc/self/" + name, "0 0 1"))
          tell("of process 1: " + name, lambda: write("/proc/1/" + name, "0 0 1"))`,
    contained: /^(EPERM|EACCES|EROFS|ENOENT|EINVAL)$/,
  },
  {
    name: "other processes' memory and registers: ptrace, process_vm_readv, pidfd_getfd, kcmp",
    tries: `
      tell("attach", lambda: call("ptrace", 16, 1, 0, 0)); tell("seize", lambda: call("ptrace", 0x4206, 1, 0, 0))
      tell("readv", lambda: call("process_vm_readv", 1, None, 0, None, 0, 0))
      tell("writev", lambda: call("process_vm_writev", 1, None, 0, None, 0, 0))
      tell("descriptor", lambda: call("pidfd_getfd", call("pidfd_open", 1, 0), 3, 0))
      tell("kcmp", lambda: call("kcmp", 1, os.getpid(), 0, 0, 0))`,
    ofKernel: true,
  },
  {
    name: "processes outside, by signals",
    tries: `
      own = {int(name) for name in os.listdir("/proc") if name.isdigit()}
      for name, pid in world["pids"].items(): tell(name, lambda: os.kill(pid, 9) if pid not in own else "no such number")
      tell("all", lambda: [pid for pid in range(300, 5000) if pid not in own and os.path.exists("/proc/%d" % pid)][:5])`,
    contained: /^(ESRCH|EPERM|done 'no such number'|done \[\])$/,
  },
  {
    name: "programs in the kernel: bpf, performance events",
    tries: `
      for command in (0, 5, 10): tell("bpf %d" % command, lambda: call("bpf", command, bytes(128), 128))
      for kind in (0, 1, 2): tell("perf %d" % kind, lambda: call("perf_event_open", struct.pack("II", kind, 112) + bytes(104), 0, -1, -1, 0))`,
    ofKernel: true,
  },
  {
    name: "interfaces that holes were found in: io_uring, userfaultfd, memfd_secret, vmsplice gifts, nested polling",
    tries: `
      tell("io_uring", lambda: call("io_uring_setup", 8, bytes(120)))
      tell("userfaultfd", lambda: call("userfaultfd", 1))
      tell("secret memory", lambda: call("memfd_secret", 0))
      tell("madvise of others", lambda: call("process_madvise", call("pidfd_open", 1, 0), None, 0, 4, 0))
      tell("dcookie", lambda: call("lookup_dcookie", 0, bytes(64), 64))`,
    ofKernel: true,
  },
  {
    name: "the kernel's key rings",
    tries: `
      tell("add", lambda: call("add_key", b"user", b"alonzo", b"x", 1, -4))
      tell("request", lambda: call("request_key", b"user", b"alonzo", None, 0))
      for operation in (0, 1, 6, 11): tell("keyctl %d" % operation, lambda: call("keyctl", operation, -3, 0, 0, 0))`,
    ofKernel: true,
  },
  {
    name: "modules and other kernels",
    tries: `
      tell("init", lambda: call("init_module", bytes(64), 64, b"")); tell("finit", lambda: call("finit_module", 0, b"", 0))
      tell("delete", lambda: call("delete_module", b"loop", 0))
      tell("kexec", lambda: call("kexec_load", 0, 0, None, 0)); tell("kexec_file", lambda: call("kexec_file_load", 0, 0, 0, None, 0))
      def autoload():
          # Asking for a family of sockets loads its module, where that is let happen.
          before = read("/proc/modules", 1 << 20)
          for family in range(46):
              try: socket.socket(family, socket.SOCK_DGRAM).close()
              except OSError: pass
          return read("/proc/modules", 1 << 20) == before
      tell("by sockets", autoload)`,
    contained: /^(EPERM|ENOSYS|done True|ENOENT)$/,
  },
  {
    name: "the machine's hardware: ports, descriptor tables, speculation",
    tries: `
      tell("iopl", lambda: call("iopl", 3)); tell("ioperm", lambda: call("ioperm", 0x3f8, 8, 1))
      tell("ldt", lambda: call("modify_ldt", 0, bytes(16), 16))
      tell("hang-up", lambda: call("vhangup"))`,
    ofKernel: true,
  },
  {
    name: "the machine itself: reboot, swap, accounting, quotas, the kernel's log",
    tries: `
      tell("reboot", lambda: call("reboot", 0xfee1dead, 672274793, 0x89abcdef, None))
      tell("swapon", lambda: call("swapon", b"/tmp/swap", 0)); tell("swapoff", lambda: call("swapoff", b"/dev/vda"))
      tell("acct", lambda: call("acct", b"/tmp/accounting")); tell("quota", lambda: call("quotactl", 0x800002, b"/dev/vda", 0, None))
      tell("log", lambda: call("syslog", 3, ctypes.create_string_buffer(4096), 4096)); tell("log cleared", lambda: call("syslog", 5, None, 0))`,
    ofKernel: true,
  },
  {
    name: "the machine's clock and name",
    tries: `
      tell("settimeofday", lambda: call("settimeofday", struct.pack("ll", 1, 0), None))
      tell("clock_settime", lambda: call("clock_settime", 0, struct.pack("ll", 1, 0)))
      tell("adjtimex", lambda: call("adjtimex", struct.pack("I", 1) + bytes(300)))
      tell("name", lambda: call("sethostname", b"escaped", 7)); tell("domain", lambda: call("setdomainname", b"escaped", 7))`,
    ofKernel: true,
  },
  {
    name: "fanotify: watching and holding up the files of a whole file system",
    tries: `
      for flags in (0, 4, 0x200): tell("class %d" % flags, lambda: call("fanotify_init", flags, 0))`,
    ofKernel: true,
  },
  {
    name: "personality: no address randomisation, readable means executable",
    tries: `
      for value in (0x0040000, 0x0400000, 0x0020000, 8): tell(hex(value), lambda: call("personality", value))`,
    ofKernel: true,
  },
  {
    name: "32-bit system calls, past the filter's architecture",
    tries: `
      def int80():
          if platform.machine() != "x86_64": return "refused"
          import mmap
          # mov eax, 20 (getpid); int 0x80; ret
          code = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
          code.write(b"\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3")
          function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
          return "refused" if function() < 0 else "answered"
      tell("getpid", int80)`,
    contained: /^(done 'refused'|SIGSYS|SIGSEGV|EPERM)$/,
    ofKernel: true,
  },
  {
    name: "system calls of the x32 kind, past the filter's numbers",
    tries: `
      NUMBERS.update({name + " x32": number | 0x40000000 for name, number in list(NUMBERS.items())})
      tell("getpid", lambda: libc.syscall(ctypes.c_long(0x40000000 | 39)) if libc.syscall(ctypes.c_long(0x40000000 | 39)) >= 0 else "refused")
      for name in ("mount", "unshare", "ptrace", "keyctl"): tell(name, lambda: call(name + " x32", 0, 0, 0, 0, 0))`,
    contained: /^(EPERM|ENOSYS|done 'refused'|SIGSYS)$/,
  },
  {
    name: "priorities: real time, negative nice, I/O class, being spared when memory ends",
    tries: `
      for policy in (1, 2): tell("policy %d" % policy, lambda: os.sched_setscheduler(0, policy, os.sched_param(50)))
      tell("nice", lambda: os.setpriority(os.PRIO_PROCESS, 0, -20))
      tell("spared", lambda: write("/proc/self/oom_score_adj", "-1000"))
      tell("process 1 spared", lambda: write("/proc/1/oom_score_adj", "-1000"))`,
    ofKernel: true,
  },
  {
    name: "its own limits: files, processes, locked memory, stack",
    tries: `
      import resource
      for name in ("NOFILE", "NPROC", "MEMLOCK", "CORE", "RTPRIO", "SIGPENDING"):
          kind = getattr(resource, "RLIMIT_" + name)
          def raise_limit():
              hard = resource.getrlimit(kind)[1]
              if hard == resource.RLIM_INFINITY: raise ProcessLookupError(errno.EINVAL, "unlimited")
              resource.setrlimit(kind, (hard + 1, hard + 1))
          tell(name, raise_limit)`,
    contained: /^(EPERM|EACCES|ValueError.*)$/,
    ofKernel: true,
  },
  {
    name: "input typed into another's terminal (TIOCSTI), and terminals of its own",
    tries: `
      tell("typed", lambda: fcntl.ioctl(0, 0x5412, b"x")); tell("terminal", lambda: os.openpty())
      tell("controlling", lambda: os.open("/dev/tty", os.O_RDWR))
      tell("linux", lambda: fcntl.ioctl(0, 0x541c, bytes([3])))`,
    contained: /^(ENOTTY|EPERM|EIO|EACCES|ENOENT|ENXIO|ENODEV|EINVAL|EBADF|FileNotFoundError.*|OSError.*)$/,
    ofKernel: true,
  },
  {
    name: "System V and POSIX shared memory, queues and semaphores",
    tries: `
      tell("shm", lambda: call("shmget", 0xa10, 4096, 0o1666)); tell("msg", lambda: call("msgget", 0xa10, 0o1666))
      tell("sem", lambda: call("semget", 0xa10, 1, 0o1666)); tell("mq", lambda: call("mq_open", b"alonzo", 0o102, 0o666, None))
      tell("posix", lambda: os.open("/dev/shm/alonzo", os.O_CREAT | os.O_RDWR))`,
    ofKernel: true,
  },
  {
    name: "memory of other machines' nodes: moving pages of others",
    tries: `
      tell("migrate", lambda: call("migrate_pages", 1, 64, struct.pack("Q", 1), struct.pack("Q", 1)))
      tell("move", lambda: call("move_pages", 1, 0, None, None, None, 0))`,
    ofKernel: true,
  },
];
