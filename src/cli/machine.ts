/**
 * What a machine can offer to a region and to its tests, as data: how each component is found, why it is wanted, and
 * which Debian package brings it. It only looks; install.ts changes the machine.
 */
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface Component {
  readonly name: string;
  readonly why: string;
  /** Debian and Ubuntu packages that bring it. */
  readonly packages: readonly string[];
  /** Where it is (and which version), or undefined when the machine lacks it. */
  readonly find: () => string | undefined;
}

/** Root's PATH may lack these, depending on how the shell was entered, although runc, ip and nft live there. */
const SYSTEM_DIRECTORIES = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Path of the first executable of that name on PATH or in the system directories. */
export function findExecutable(name: string, also: readonly string[] = []): string | undefined {
  const directories = [...(process.env.PATH ?? "").split(delimiter), ...SYSTEM_DIRECTORIES, ...also];
  return directories
    .filter((directory) => directory !== "")
    .map((directory) => join(directory, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** First line that the program prints, or undefined when it fails. */
function firstLine(program: string, args: readonly string[]): string | undefined {
  try {
    const text = execFileSync(program, args, {
      encoding: "utf8",
      timeout: 10_000,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return text.split("\n", 1)[0]?.trim();
  } catch {
    return undefined;
  }
}

/** A python3 that can make virtual environments. Debian's own comes first: it is what sandboxes see under /usr. */
export function findPython(): string | undefined {
  const candidates = ["/usr/bin/python3", findExecutable("python3")];
  return candidates.find(
    (path) =>
      path !== undefined && isExecutable(path) && firstLine(path, ["-c", "import venv, ensurepip; print(1)"]) === "1",
  );
}

function findGo(): string | undefined {
  const path = findExecutable("go", ["/usr/local/go/bin"]);
  const version = path && firstLine(path, ["version"]);
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(version ?? "") ?? [];
  return Number(major) > 1 || Number(minor) >= 19 ? `${path} (${version})` : undefined;
}

function ociRuntime(): string | undefined {
  const found = ["crun", "runc"].map((name) => findExecutable(name)).filter((path) => path !== undefined);
  return found.map((path) => `${path} (${firstLine(path, ["--version"]) ?? "does not run"})`).join(", ") || undefined;
}

const program = (name: string) => () => findExecutable(name);

export const COMPONENTS = {
  ociRuntime: {
    name: "OCI runtime",
    why: "isolates functions in containers: crun is the quicker, runc works where crun does not",
    packages: ["crun", "runc"],
    find: ociRuntime,
  },
  crun: { name: "crun", why: "the tests try both OCI runtimes", packages: ["crun"], find: program("crun") },
  runc: { name: "runc", why: "the tests try both OCI runtimes", packages: ["runc"], find: program("runc") },
  iproute2: {
    name: "iproute2",
    why: "gives each execution environment its own network",
    packages: ["iproute2"],
    find: program("ip"),
  },
  gvisor: {
    name: "gVisor",
    why: "isolates functions with a kernel of their own (--isolation gvisor)",
    packages: ["runsc", "perl-base"],
    find: () => findExecutable("perl") && findExecutable("runsc"),
  },
  nftables: {
    name: "nftables",
    why: "keeps execution environments away from the host and from each other",
    packages: ["nftables"],
    find: program("nft"),
  },
  python: {
    name: "python3",
    why: "runs python3.x functions, and boto3 in the tests",
    packages: ["python3", "python3-venv"],
    find: findPython,
  },
  awsCli: { name: "AWS CLI", why: "the tests drive a region with it", packages: ["awscli"], find: program("aws") },
  go: { name: "Go 1.19+", why: "the tests compile a provided.al2023 function", packages: ["golang-go"], find: findGo },
  curl: {
    name: "curl",
    why: "the tests run a shell function that calls it",
    packages: ["curl"],
    find: program("curl"),
  },
  certificates: {
    name: "CA certificates",
    why: "pip and Go download over TLS",
    packages: ["ca-certificates"],
    find: () => ["/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem"].find((path) => existsSync(path)),
  },
  unzip: { name: "unzip", why: "the tests look into deployment packages", packages: ["unzip"], find: program("unzip") },
  chromium: {
    name: "Chromium",
    why: "the tests open web pages that functions serve",
    packages: ["chromium"],
    find: () => findExecutable("chromium") ?? findExecutable("google-chrome"),
  },
  java: {
    name: "Java 11+ (JDK)",
    why: "runs java functions, and compiles them in the tests",
    packages: ["openjdk-17-jdk-headless"],
    find: program("javac"),
  },
  dockerRegistry: {
    name: "docker-registry",
    why: "the tests fetch container images from it",
    packages: ["docker-registry"],
    find: program("docker-registry"),
  },
  buildah: {
    name: "buildah",
    why: "the tests build container images with it",
    packages: ["buildah"],
    find: program("buildah"),
  },
  qemu: {
    name: "QEMU",
    why: "runs microVMs (--isolation microvm)",
    packages: ["qemu-system-x86"],
    find: program("qemu-system-x86_64"),
  },
  busybox: {
    name: "BusyBox",
    why: "starts microVMs: the first program in them",
    packages: ["busybox-static"],
    find: program("busybox"),
  },
  erofsUtils: {
    name: "erofs-utils",
    why: "makes the disks of microVMs",
    packages: ["erofs-utils"],
    find: program("mkfs.erofs"),
  },
  ruby: { name: "Ruby", why: "runs ruby functions", packages: ["ruby"], find: program("ruby") },
  cxx: {
    name: "C++ compiler, make, CMake and xz",
    why: "the tests build AWS's own client for Node",
    packages: ["g++", "make", "cmake", "xz-utils"],
    find: () => {
      const found = ["g++", "make", "cmake", "xz"].map((name) => findExecutable(name));
      return found.includes(undefined) ? undefined : found.join(", ");
    },
  },
  procps: { name: "procps", why: "the tests look for orphan processes", packages: ["procps"], find: program("ps") },
} as const satisfies Record<string, Component>;

/** Which components belong together: what `alonzo quickstart` and what `npm test` make sure of. */
export const GROUPS = {
  region: [COMPONENTS.ociRuntime, COMPONENTS.iproute2, COMPONENTS.nftables],
  microvm: [
    COMPONENTS.qemu,
    COMPONENTS.busybox,
    COMPONENTS.erofsUtils,
    COMPONENTS.iproute2,
    COMPONENTS.nftables,
    COMPONENTS.python,
  ],
  gvisor: [COMPONENTS.gvisor, COMPONENTS.iproute2, COMPONENTS.nftables],
  tests: Object.values(COMPONENTS),
} as const satisfies Record<string, readonly Component[]>;

/** What brings a language to a machine. */
export const LANGUAGE_COMPONENTS = {
  java: {
    ...COMPONENTS.java,
    name: "Java",
    why: "runs java functions",
    packages: ["openjdk-17-jre-headless"],
    find: program("java"),
  },
  python: COMPONENTS.python,
  ruby: COMPONENTS.ruby,
} as const satisfies Record<string, Component>;

export function missing(components: readonly Component[]): readonly Component[] {
  return components.filter((component) => component.find() === undefined);
}

/** How the kernel's control groups are mounted. */
export function cgroupLayout(): "v2" | "hybrid" | "v1" | "none" {
  if (existsSync("/sys/fs/cgroup/cgroup.controllers")) return "v2";
  if (existsSync("/sys/fs/cgroup/unified/cgroup.procs")) return "hybrid";
  if (existsSync("/sys/fs/cgroup/memory") || existsSync("/sys/fs/cgroup/pids")) return "v1";
  return "none";
}

/** e.g. `Debian GNU/Linux 12 (bookworm)`, or the kernel's name elsewhere. */
export function operatingSystem(): string {
  if (!existsSync("/etc/os-release")) return process.platform;
  return /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? process.platform;
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}
