/** Builds container images with buildah and keeps them in a real registry (Debian's), which asks for a password. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** bcrypt of `secret` */
const READER = "reader:$2y$05$vVcu3EqRnsXarAclfqDSYulNUyVyYlmN.oj81uZ81Mjumr3VP5FoW";
export const USER = { name: "reader", password: "secret" };

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class ImageWorkshop {
  readonly directory: string;
  /** host:port */
  readonly registry: string;
  readonly #process: ChildProcess;

  private constructor(directory: string, registry: string, process: ChildProcess) {
    this.directory = directory;
    this.registry = registry;
    this.#process = process;
  }

  static async open(): Promise<ImageWorkshop> {
    const directory = mkdtempSync(join(tmpdir(), "alonzo-images-"));
    const address = `127.0.0.1:${await freePort()}`;
    const passwords = join(directory, "htpasswd");
    writeFileSync(passwords, `${READER}\n`);
    const settings = {
      version: "0.1",
      log: { level: "error" },
      storage: { filesystem: { rootdirectory: join(directory, "registry") } },
      http: { addr: address },
      auth: { htpasswd: { realm: "test", path: passwords } },
    };
    const file = join(directory, "registry.json");
    // JSON is YAML, too.
    writeFileSync(file, JSON.stringify(settings));
    const child = spawn("docker-registry", ["serve", file], { stdio: "ignore" });
    const workshop = new ImageWorkshop(directory, address, child);
    while (!(await workshop.#answers())) await new Promise((resolve) => setTimeout(resolve, 20));
    return workshop;
  }

  /** A `config.json` with these credentials for the registry. */
  credentials(password = USER.password): string {
    const auth = Buffer.from(`${USER.name}:${password}`).toString("base64");
    const file = join(this.directory, `config-${password}.json`);
    writeFileSync(file, JSON.stringify({ auths: { [this.registry]: { auth } } }));
    return file;
  }

  /**
   * Build an image and keep it in the local storage.
   * @param from another image, or `scratch`
   * @param script what is done in its root, which is the working directory
   * @param config flags of `buildah config`
   */
  async build(name: string, from: string, script: string, config: readonly string[]): Promise<void> {
    const container = await this.#buildah("from", "--pull-never", from);
    const mounted = await this.#buildah("mount", container);
    await promisify(execFile)("sh", ["-ec", script], { cwd: mounted });
    await this.#buildah("umount", container);
    await this.#buildah("config", ...config, container);
    await this.#buildah("commit", "--quiet", "--rm", container, name);
  }

  /** @param target e.g. `docker://HOST/repository:tag`, `oci:/directory:tag` */
  async push(name: string, target: string): Promise<void> {
    const credentials = target.startsWith("docker:") ? ["--creds", `${USER.name}:${USER.password}`] : [];
    await this.#buildah("push", "--quiet", "--tls-verify=false", ...credentials, name, target);
  }

  async endRegistry(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    if (this.#process.exitCode !== null || !this.#process.kill()) return;
    await ended;
  }

  async close(): Promise<void> {
    await this.endRegistry();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #buildah(...words: readonly string[]): Promise<string> {
    const places = ["--root", join(this.directory, "storage"), "--runroot", join(this.directory, "run")];
    const env = { ...process.env, BUILDAH_ISOLATION: "chroot", STORAGE_DRIVER: "vfs" };
    const { stdout } = await promisify(execFile)("buildah", [...places, ...words], { env });
    return stdout.trim();
  }

  async #answers(): Promise<boolean> {
    return fetch(`http://${this.registry}/v2/`).then(
      ({ status }) => status === 401,
      () => false,
    );
  }
}
