/** What is outside of the sandboxes of a test: secrets and services that none of them is to reach, and what they must not change. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";

/** Of the whole machine: the same before and after, whoever else uses it. */
const MACHINE = [
  ...["core_pattern", "domainname", "hostname", "modprobe", "randomize_va_space", "sysrq"].map(
    (name) => `kernel/${name}`,
  ),
  ...["fs/suid_dumpable", "vm/overcommit_memory", "vm/swappiness", "net/ipv4/ip_forward"],
].map((name) => `/proc/sys/${name}`);

export class Outside {
  /** What nobody inside may ever have read. */
  readonly marker = randomBytes(16).toString("hex");
  readonly directory = mkdtempSync(join(tmpdir(), "outside-"));
  readonly #reached: string[] = [];
  readonly #servers: Server[] = [];
  readonly #victim: ChildProcess;
  readonly #datagrams: DatagramSocket = createSocket("udp4");
  readonly #before = machine();
  readonly #startedMs = { wall: Date.now(), monotonic: performance.now() };
  world: Readonly<Record<string, unknown>> = {};

  private constructor() {
    chmodSync(this.directory, 0o777);
    this.#victim = spawn("sleep", ["1000"], { uid: 1_000_000, stdio: "ignore" });
  }

  static async create(): Promise<Outside> {
    const outside = new Outside();
    await outside.#open();
    return outside;
  }

  async #open(): Promise<void> {
    const secret = join(this.directory, "secret.txt");
    const socket = join(this.directory, "service.sock");
    const abstract = `alonzo-outside-${process.pid}`;
    writeFileSync(secret, this.marker, { mode: 0o666 });
    const [port] = await Promise.all([
      this.#listen("tcp", { port: 0, host: "0.0.0.0" }),
      this.#listen("unix", { path: socket, writableAll: true, readableAll: true }),
      this.#listen("abstract", { path: `\0${abstract}` }),
    ]);
    this.#datagrams.on("message", () => this.#reached.push("udp"));
    await once(this.#datagrams.bind(0, "0.0.0.0"), "listening");
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const own = addresses
      .filter(({ family, internal }) => family === "IPv4" && !internal)
      .map(({ address }) => address);
    this.world = {
      secret,
      directory: this.directory,
      socket,
      abstract,
      hostPort: port,
      hostDatagramPort: this.#datagrams.address().port,
      // The machine's own, and some of the many ends of cables.
      hostAddresses: [...own.filter((address) => !address.startsWith("198.18.")), ...own].slice(0, 4),
      pids: { victim: this.#victim.pid, region: process.pid, parent: process.ppid },
    };
  }

  async #listen(name: string, options: object): Promise<number> {
    const server = createServer((socket) => {
      this.#reached.push(name);
      socket.end(this.marker);
    });
    this.#servers.push(server);
    await once(server.listen(options), "listening");
    return (server.address() as AddressInfo).port;
  }

  /** What came through a wall. */
  found(): string[] {
    const damages = [...this.#reached];
    if (this.#victim.exitCode !== null || this.#victim.signalCode !== null) damages.push("a process was killed");
    if (readFileSync(join(this.directory, "secret.txt"), "utf8") !== this.marker) damages.push("a file was changed");
    const names = readdirSync(this.directory).sort();
    if (names.join() !== "secret.txt,service.sock") damages.push(`files were made: ${names}`);
    const now = machine();
    for (const [path, value] of Object.entries(this.#before)) if (now[path] !== value) damages.push(`${path} changed`);
    const drift = Date.now() - this.#startedMs.wall - (performance.now() - this.#startedMs.monotonic);
    if (Math.abs(drift) > 60_000) damages.push("the clock was changed");
    return damages;
  }

  close(): void {
    this.#victim.kill("SIGKILL");
    this.#datagrams.close();
    for (const server of this.#servers) server.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function machine(): Record<string, string> {
  const files = [...MACHINE, "/proc/swaps", "/proc/sysvipc/shm", "/proc/sysvipc/msg", "/proc/sysvipc/sem"];
  return Object.fromEntries(files.map((path) => [path, text(path)]));
}

function text(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
