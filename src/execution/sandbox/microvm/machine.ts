/** One QEMU: a microVM with one line to its agent, disks that are open files, and one cable. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex, Readable } from "node:stream";
import { SandboxError } from "../sandbox-error.ts";
import type { DiskImage } from "./disk-images.ts";
import { CABLE, GATEWAY_ADDRESS, GUEST_ADDRESS } from "./guest-network.ts";
import { INITRAMFS, jailed, KERNEL } from "./jail.ts";
import { type MachineSize, TRANSLATED_MB } from "./machine-size.ts";
import { timeStampKhz } from "./processor.ts";

export type Accelerator = "kvm" | "tcg";

export interface MachineParts {
  readonly jail: string;
  readonly userId: number;
  readonly accelerator: Accelerator;
  readonly size: MachineSize;
  /** By the name that the guest knows them by. */
  readonly disks: Readonly<Record<string, DiskImage>>;
  /** Where the guest finds the region. */
  readonly regionAddress: string;
  /** The saved state of a machine, where it does not boot: the offset of this descriptor is moved. */
  readonly stateFd?: number;
}

/** Descriptors of the line to the agent, of the monitor, then those of the disks, then of the state. */
const LINE_FD = 3;
const MONITOR_FD = 4;
const FIRST_DISK_FD = 5;
/** Bytes of what a machine said last, for the operator. */
const MOST_SAID = 8000;
const SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

/** Without KVM: a processor that has little to emulate, but an instruction for random numbers. */
const PROCESSORS: Readonly<Record<Accelerator, string>> = { kvm: "host", tcg: "Nehalem-v1,+rdrand" };
const ACCELERATORS: Readonly<Record<Accelerator, string>> = {
  kvm: "kvm",
  tcg: `tcg,thread=multi,tb-size=${TRANSLATED_MB}`,
};

export class Machine {
  /** To the agent. */
  readonly line: Duplex;
  /** To QEMU. */
  readonly monitor: Duplex;
  /** Resolves when nothing of it is left. */
  readonly gone: Promise<void>;
  readonly #child: ChildProcess;
  #said = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.line = child.stdio[LINE_FD] as Duplex;
    this.monitor = child.stdio[MONITOR_FD] as Duplex;
    // Nobody may ever ask it anything.
    this.monitor.on("error", () => {});
    for (const stream of [child.stdout, child.stderr] as Readable[]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#said = (this.#said + text).slice(-MOST_SAID);
      });
    }
    this.gone = new Promise((resolve) => {
      child.once("error", (error) => {
        this.#said = error.message;
        resolve();
      });
      child.once("close", () => resolve());
    });
  }

  /** Must be called inside the network namespace that it is to have. */
  static start(parts: MachineParts): Machine {
    const [command, ...parameters] = jailed(parts.jail, parts.userId, qemuParameters(parts));
    const files = Object.values(parts.disks).map(({ fd }) => fd);
    if (parts.stateFd !== undefined) files.push(parts.stateFd);
    const child = spawn(command, parameters, {
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", ...files],
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    });
    return new Machine(child);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What QEMU or the guest's Linux wrote last, without the state of the processor that Linux adds when it dies. */
  get said(): string {
    return this.#said.replace(/\n\[[ .\d]+\] CPU: .*/s, "").trim();
  }

  /** Its processors stop with it, and its clock goes on: the guest sees when it is woken how late it is. */
  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  /** @throws SandboxError with what the machine said last, when it is gone before or does not do it in time */
  async within(done: Promise<void>, patienceMs: number, what: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new SandboxError(`it is not ${what} after ${patienceMs} ms`)), patienceMs);
    });
    try {
      await Promise.race([done, late]);
    } catch (error) {
      throw this.said ? new SandboxError(`${(error as Error).message}: ${this.said}`, { cause: error }) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

/** What Linux is started with. Where nothing runs ahead of time there is nothing to mitigate. */
function kernelParameters(accelerator: Accelerator, regionAddress: string): string {
  const always = ["console=ttyS0", "loglevel=3", "panic=-1", "reboot=t", "random.trust_cpu=on", "audit=0", "pci=off"];
  const khz = accelerator === "tcg" ? timeStampKhz() : undefined;
  return [
    ...always,
    ...(accelerator === "tcg" ? ["mitigations=off", "no_timer_check"] : []),
    ...(khz === undefined ? [] : [`tsc_early_khz=${khz}`, "tsc=reliable"]),
    `guest=${GUEST_ADDRESS}`,
    `region=${regionAddress}`,
    `gateway=${GATEWAY_ADDRESS}`,
  ].join(" ");
}

function qemuParameters({ accelerator, size, disks, regionAddress, stateFd }: MachineParts): string[] {
  const names = Object.keys(disks);
  return [
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-nographic", "-sandbox", SANDBOX],
    ...[
      "-machine",
      "microvm,rtc=on,isa-serial=on",
      "-accel",
      ACCELERATORS[accelerator],
      "-cpu",
      PROCESSORS[accelerator],
    ],
    ...["-smp", String(size.cpus), "-m", `${size.memoryMb}M`],
    ...["-kernel", KERNEL, "-initrd", INITRAMFS, "-append", kernelParameters(accelerator, regionAddress)],
    ...["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"],
    ...["-device", "virtio-serial-device", "-chardev", `socket,id=agent,fd=${LINE_FD}`],
    ...["-device", "virtserialport,chardev=agent,name=agent"],
    ...["-netdev", `tap,id=cable,ifname=${CABLE},script=no,downscript=no`, "-device", "virtio-net-device,netdev=cable"],
    ...["-chardev", `socket,id=monitor,fd=${MONITOR_FD}`, "-mon", "chardev=monitor,mode=control"],
    ...names.flatMap((name, index) => disk(name, FIRST_DISK_FD + index)),
    ...(stateFd === undefined ? [] : ["-incoming", `fd:${FIRST_DISK_FD + names.length}`]),
  ];
}

function disk(name: string, fd: number): string[] {
  const file = `driver=file,filename=/dev/fdset/${fd},locking=off`;
  return [
    ...["-add-fd", `fd=${fd},set=${fd}`],
    ...["-blockdev", `driver=raw,node-name=${name},read-only=on,file.${file.replaceAll(",", ",file.")}`],
    ...["-device", `virtio-blk-device,drive=${name},serial=${name}`],
  ];
}
