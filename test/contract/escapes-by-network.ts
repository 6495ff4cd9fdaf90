/** Ways out by sockets: services of the host and of neighbours, forged packets, the kernel's own protocols. */
import type { Escape } from "./escape.ts";

export const BY_NETWORK: readonly Escape[] = [
  {
    name: "a service of the host, on its loopback and at every address it has",
    tries: `
      for host in ["127.0.0.1", "127.0.0.2", "0.0.0.0", "localhost", "::1"] + world["hostAddresses"]:
          tell(host, lambda: connect(host, world["hostPort"]))`,
  },
  {
    name: "a service of the host by UDP",
    tries: `
      for host in ["127.0.0.1"] + world["hostAddresses"]: tell(host, lambda: connect(host, world["hostDatagramPort"], socket.SOCK_DGRAM))`,
  },
  {
    name: "the host's end of its own cable, whatever listens there",
    tries: `
      def gateway():
          for line in open("/proc/net/route").read().splitlines()[1:]:
              fields = line.split()
              if fields[1] == "00000000": return socket.inet_ntoa(struct.pack("<I", int(fields[2], 16)))
          raise OSError(errno.ENETUNREACH, "no gateway")
      tell("host's port", lambda: connect(gateway(), world["hostPort"]))
      for port in (22, 53, 111, 2375, 4566, 8080):
          # Where the platform listens there, for this one alone.
          if port != world["regionPort"] or gateway() != world["runtimeApi"][0]: tell(str(port), lambda: connect(gateway(), port))`,
  },
  {
    name: "metadata of a cloud, of containers and of other link-local services",
    tries: `
      for host in ("169.254.169.254", "169.254.170.2", "169.254.169.123", "169.254.42.1", "fd00:ec2::254"):
          tell(host, lambda: connect(host, 80))`,
  },
  {
    name: "a service of another environment",
    tries: `
      for port in (8080, 9001, 4566): tell(str(port), lambda: connect(world["neighbour"]["address"], port))`,
  },
  {
    name: "abstract sockets of the host and of another environment",
    tries: `
      for name in (world["abstract"], "alonzo-neighbour"):
          tell(name, lambda: socket.socket(socket.AF_UNIX).connect("\\0" + name))
      tell("listed", lambda: [line for line in read("/proc/net/unix", 1 << 20).splitlines() if "alonzo-neighbour" in line or world["abstract"] in line])`,
    contained: /^(ECONNREFUSED|EPERM|ENOENT|done \[\])$/,
  },
  {
    name: "another environment's Runtime API, by its address as its own",
    tries: `
      def as_neighbour():
          probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
          probe.connect((world["runtimeApi"][0], 9))
          # Of machines, each has the same, in a network of its own.
          if probe.getsockname()[0] == world["neighbour"]["address"]: raise OSError(errno.EADDRNOTAVAIL, "it is its own")
          with socket.socket() as line:
              line.bind((world["neighbour"]["address"], 0))
              line.settimeout(1); line.connect((world["runtimeApi"][0], world["runtimeApi"][1]))
      tell("bound", as_neighbour)
      def transparent(option):
          with socket.socket() as line:
              line.setsockopt(socket.SOL_IP, option, 1)
              line.bind((world["neighbour"]["address"], 0)); line.settimeout(1)
              line.connect((world["hostAddresses"][0], world["hostPort"]))
      tell("transparent", lambda: transparent(19)); tell("not local", lambda: transparent(15))`,
    contained: /^(EADDRNOTAVAIL|EPERM|TIMEOUT|ENETUNREACH|EHOSTUNREACH|ECONNREFUSED|EINVAL|ENOPROTOOPT)$/,
  },
  {
    name: "raw packets: of IP, ICMP, whole frames",
    tries: `
      tell("icmp", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
      tell("ip", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 255))
      tell("ip6", lambda: socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58))
      tell("frames", lambda: socket.socket(17, socket.SOCK_RAW, 3)); tell("datagrams", lambda: socket.socket(17, socket.SOCK_DGRAM, 3))`,
  },
  {
    name: "forged answers to whose address is whose (ARP), another address, listening to everything",
    tries: `
      line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
      name = next((entry[1] for entry in socket.if_nameindex() if entry[1] != "lo"), "lo").encode()
      request = lambda more: name.ljust(16, b"\\0") + more.ljust(24, b"\\0")
      address = struct.pack("HH4s8x", 2, 0, socket.inet_aton(world["neighbour"]["address"]))
      tell("arp", lambda: fcntl.ioctl(line, 0x8955, address + address + bytes(20) + name.ljust(16, b"\\0")))
      tell("address", lambda: fcntl.ioctl(line, 0x8916, request(address)))
      tell("hardware", lambda: fcntl.ioctl(line, 0x8924, request(struct.pack("H6s", 1, b"\\2\\0\\0\\0\\0\\1"))))
      tell("promiscuous", lambda: fcntl.ioctl(line, 0x8914, request(struct.pack("H", 0x1143))))
      tell("down", lambda: fcntl.ioctl(line, 0x8914, request(struct.pack("H", 0x1042))))
      tell("route", lambda: fcntl.ioctl(line, 0x890b, bytes(8) + address + address + address + bytes(64)))`,
    contained: /^(EPERM|EACCES|ENOTTY|EOPNOTSUPP|ENOSYS|EINVAL|ENODEV)$/,
  },
  {
    name: "routes, links and addresses, changed by netlink",
    tries: `
      def change(kind, body):
          with socket.socket(16, socket.SOCK_RAW, 0) as line:
              line.settimeout(1); line.bind((0, 0))
              line.send(struct.pack("IHHII", 16 + len(body), kind, 0x405, 1, 0) + body)
              answer = line.recv(4096)
          number = -struct.unpack_from("i", answer, 16)[0]
          if number: raise OSError(number, "netlink")
          return "changed"
      tell("link", lambda: change(16, struct.pack("BxHiII", 0, 1, 1, 0, 1)))
      tell("address", lambda: change(20, struct.pack("BBBBI", 2, 24, 0, 0, 1) + struct.pack("HH4s", 8, 2, b"\\xc0\\x00\\x02\\x07")))
      tell("route", lambda: change(25, struct.pack("BBBBBBBBI", 2, 0, 0, 0, 254, 3, 0, 1, 0)))
      tell("neighbour", lambda: change(28, struct.pack("BxxxiHBB", 2, 1, 0x80, 0, 1)))`,
    contained: /^(EPERM|EACCES|EOPNOTSUPP|ENOSYS|EINVAL|ENODEV|EAFNOSUPPORT|EPROTONOSUPPORT)$/,
  },
  {
    name: "the kernel's own protocols: audit, firewall, devices, IPsec, generic netlink",
    tries: `
      for name, protocol in dict(audit=9, firewall=12, devices=15, ipsec=6, generic=16, selinux=7, iscsi=8, connector=11, crypto=21).items():
          tell(name, lambda: socket.socket(16, socket.SOCK_RAW, protocol))`,
    ofKernel: true,
  },
  {
    name: "sockets of every other family: virtual machines, kernel crypto, keys, buses, radio",
    tries: `
      families = {name: getattr(socket, name) for name in dir(socket) if name.startswith("AF_")}
      for name, family in dict(families, AF_VSOCK=40, AF_ALG=38, AF_KEY=15, AF_XDP=44, AF_TIPC=30, AF_RDS=21, AF_SMC=43, AF_CAN=29).items():
          if family in (0, 1, 2, 10, 16): continue
          for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
              tell("%s %d" % (name, kind), lambda: socket.socket(family, kind))`,
    ofKernel: true,
  },
  {
    name: "the firewall's marks, priorities and buffers past the limit, repairing connections",
    tries: `
      line = socket.socket()
      tell("mark", lambda: line.setsockopt(socket.SOL_SOCKET, 36, 1))
      tell("priority", lambda: line.setsockopt(socket.SOL_SOCKET, 12, 7))
      tell("send buffer", lambda: line.setsockopt(socket.SOL_SOCKET, 32, 1 << 30))
      tell("receive buffer", lambda: line.setsockopt(socket.SOL_SOCKET, 33, 1 << 30))
      tell("repair", lambda: line.setsockopt(socket.SOL_TCP, 19, 1))
      tell("debug", lambda: line.setsockopt(socket.SOL_SOCKET, 1, 1))`,
    contained: /^(EPERM|EACCES|ENOPROTOOPT|ENOSYS|EINVAL)$/,
    ofKernel: true,
  },
  {
    name: "the ports on which the platform listens inside, taken from it",
    tries: `
      def take(port, reuse):
          with socket.socket() as server:
              server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
              if reuse: server.setsockopt(socket.SOL_SOCKET, 15, 1)
              server.bind((world["runtimeApi"][0], port)); server.listen()
      for port in (world["runtimeApi"][1], world["regionPort"]):
          tell(str(port), lambda: take(port, False)); tell("%d shared" % port, lambda: take(port, True))`,
    contained: /^(EADDRINUSE|EACCES|EADDRNOTAVAIL)$/,
  },
  {
    name: "packets to everybody: broadcast and multicast",
    tries: `
      line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
      line.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
      line.settimeout(0.5)
      for host in ("255.255.255.255", "224.0.0.1", "239.255.255.250"):
          def everybody():
              line.sendto(b"escaped", (host, world["hostDatagramPort"]))
              return line.recv(100)
          tell(host, everybody)`,
  },
  {
    name: "IPv6, of which no firewall rule knows",
    tries: `
      for host in ("fe80::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1"):
          tell(host, lambda: connect(host, world["hostPort"]))
      tell("addresses", lambda: [line for line in read("/proc/net/if_inet6").splitlines() if not line.endswith("lo")])`,
    contained:
      /^(ENETUNREACH|EADDRNOTAVAIL|EHOSTUNREACH|ECONNREFUSED|TIMEOUT|EAFNOSUPPORT|EINVAL|ENOENT|EPERM|done \[\])$/,
  },
];
