/** Ways to take from others what all share: memory of every kind, processes, processors, descriptors, places. */
import type { Escape } from "./escape.ts";

/** It may be ended for its memory, in the middle of any try. */
const OR_KILLED = "SIGKILL|OUT OF MEMORY|ENOMEM|MemoryError.*|ENOSPC";

export const BY_EXHAUSTION: readonly Escape[] = [
  {
    name: "processes",
    tries: `
      def forks():
          count = 0
          try:
              while count < 5000:
                  if os.fork() == 0: time.sleep(60); os._exit(0)
                  count += 1
          except BlockingIOError: return count <= 1024
      tell("few enough", forks)`,
    contained: new RegExp(`^(done True|${OR_KILLED})$`),
  },
  {
    name: "processes that have left their parents and their sessions",
    tries: `
      def daemons():
          for _ in range(100):
              if os.fork() == 0:
                  os.setsid()
                  if os.fork() == 0:
                      for number in range(1, 32):
                          if number not in (9, 19): signal.signal(number, signal.SIG_IGN)
                      time.sleep(60)
                  os._exit(0)
      tell("daemons", daemons)`,
    contained: new RegExp(`^(done None|EAGAIN|${OR_KILLED})$`),
  },
  {
    name: "threads",
    tries: `
      import threading
      threading.stack_size(65536)
      def threads():
          count = 0
          try:
              while count < 5000:
                  threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
                  count += 1
          except RuntimeError: return count <= 1024
      tell("few enough", threads)`,
    contained: new RegExp(`^(done True|${OR_KILLED})$`),
  },
  {
    name: "descriptors",
    tries: `
      def descriptors():
          files = []
          try:
              while len(files) < 100_000: files.append(os.open("/dev/null", os.O_RDONLY))
          except OSError as error: return error.errno == errno.EMFILE and len(files) <= 1024
      tell("few enough", descriptors)`,
    contained: /^done True$/,
  },
  {
    name: "memory of a program",
    tries: `
      def hoard():
          held = []
          while True: held.append(bytearray(b"x" * (8 << 20)))
      tell("heap", hoard)`,
    contained: new RegExp(`^(${OR_KILLED})$`),
  },
  {
    name: "memory in files without a name (memfd)",
    tries: `
      def hoard():
          file = os.memfd_create("hoard")
          while True: os.write(file, b"x" * (8 << 20))
      tell("memfd", hoard)`,
    contained: new RegExp(`^(${OR_KILLED})$`),
  },
  {
    name: "memory that is shared",
    tries: `
      def hoard():
          import mmap
          held = []
          while True:
              held.append(mmap.mmap(-1, 8 << 20))
              held[-1].write(b"x" * (8 << 20))
      tell("shared", hoard)`,
    contained: new RegExp(`^(${OR_KILLED})$`),
  },
  {
    name: "memory that cannot be given back (mlock)",
    tries: `
      import mmap
      held = mmap.mmap(-1, 64 << 20)
      address = ctypes.addressof(ctypes.c_char.from_buffer(held))
      tell("locked", lambda: call("mlock", address, 64 << 20))
      tell("all", lambda: (libc.mlockall(3) and [][0]))`,
    contained: /^(ENOMEM|EPERM|EAGAIN|IndexError.*)$/,
    ofKernel: true,
  },
  {
    name: "memory of page tables",
    tries: `
      def hoard():
          import mmap
          size = 1 << 40
          libc.mmap.restype = ctypes.c_void_p
          address = libc.mmap(None, ctypes.c_size_t(size), 3, 0x4022, -1, ctypes.c_long(0))
          if address in (None, ctypes.c_void_p(-1).value): raise OSError(errno.ENOMEM, "mmap")
          for offset in range(0, size, 2 << 20): ctypes.c_char.from_address(address + offset).value = b"x"
      tell("tables", hoard)`,
    contained: new RegExp(`^(${OR_KILLED})$`),
  },
  {
    name: "memory of pipes",
    tries: `
      def hoard():
          pipes = []
          for _ in range(400):
              pipes.append(os.pipe())
              try: fcntl.fcntl(pipes[-1][1], 1031, 1 << 20)
              except PermissionError: pass
              os.set_blocking(pipes[-1][1], False)
              try:
                  while True: os.write(pipes[-1][1], b"x" * 65536)
              except BlockingIOError: pass
          return "all"
      tell("pipes", hoard)`,
    contained: new RegExp(`^(done 'all'|EMFILE|${OR_KILLED})$`),
  },
  {
    name: "memory of sockets",
    tries: `
      def hoard():
          pairs = []
          try:
              while True:
                  pairs.append(socket.socketpair())
                  for end in pairs[-1]:
                      end.setblocking(False)
                      try:
                          while True: end.send(b"x" * 65536)
                      except BlockingIOError: pass
          except OSError as error: return errno.errorcode[error.errno]
      tell("sockets", hoard)`,
    contained: new RegExp(`^(done '(EMFILE|ENOBUFS|ENOMEM)'|${OR_KILLED})$`),
  },
  {
    name: "memory of directories: a tree without an end",
    tries: `
      def deep():
          os.chdir("/tmp")
          count = 0
          try:
              while True: os.mkdir("d"); os.chdir("d"); count += 1
          except OSError as error: return error.errno == errno.ENOSPC and count < 40_000
      tell("depth", deep)`,
    contained: new RegExp(`^(done True|${OR_KILLED})$`),
    ofKernel: true,
  },
  {
    name: "the bytes and files of /tmp",
    tries: `
      def files():
          count = 0
          try:
              while count < 1_000_000:
                  os.close(os.open("/tmp/%d" % count, os.O_CREAT)); count += 1
          except OSError as error: return error.errno == errno.ENOSPC and count < 40_000
      def big():
          file = os.open("/tmp/0", os.O_RDWR | os.O_CREAT)
          while True: os.write(file, b"x" * (1 << 20))
      tell("files", files); tell("bytes", big)`,
    contained: new RegExp(`^(done True|${OR_KILLED})$`),
    ofKernel: true,
  },
  {
    name: "timers and queued signals",
    tries: `
      def timers():
          count = 0
          event = struct.pack("QiiQ40x", 0, 0, 1, 0)
          try:
              while count < 1_000_000: call("timer_create", 1, event, ctypes.byref(ctypes.c_int())); count += 1
          except OSError as error: return error.errno == errno.EAGAIN
      def signals():
          signal.pthread_sigmask(signal.SIG_BLOCK, [40])
          for _ in range(1_000_000):
              if libc.sigqueue(os.getpid(), 40, ctypes.c_void_p(0)) != 0: return True
      tell("timers", timers); tell("signals", signals)`,
    contained: new RegExp(`^(done True|${OR_KILLED})$`),
    ofKernel: true,
  },
  {
    name: "watches on files",
    tries: `
      def watches():
          instances = []
          try:
              while len(instances) < 100_000: instances.append(libc.inotify_init1(0)) if libc.inotify_init1(0) >= 0 else [][0]
          except IndexError: return len(instances) <= 1024
      tell("watches", watches)`,
    contained: new RegExp(`^(done True|${OR_KILLED})$`),
  },
  {
    name: "the processors",
    tries: `
      def spin():
          for _ in range(16):
              if os.fork() == 0:
                  while True: pass
          until = time.monotonic() + 1
          while time.monotonic() < until: pass
      tell("spun", spin)`,
    contained: /^done None$/,
  },
  {
    name: "the process that watches over it: every signal to process 1, its parents stopped",
    tries: `
      for number in list(range(1, 32)) + [64]:
          if number not in (10, 15): tell(str(number), lambda: os.kill(1, number))`,
    contained: /^(done None|EPERM|ESRCH|SIGKILL|EINVAL|ENDED)$/,
  },
  {
    name: "the disk of the host by images of crashed programs",
    tries: `
      if os.fork() == 0:
          os.chdir("/tmp")
          ctypes.string_at(0)
      os.wait()
      tell("left", lambda: [name for name in os.listdir("/tmp") if "core" in name])
      tell("limit", lambda: __import__("resource").getrlimit(4))`,
    contained: /^(done \[\]|done \(0, 0\))$/,
  },
];
