/** Which registry, directory or archive the operator means by the first part of an image's name. */
import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { openArchive } from "./archive.ts";
import { ImageError } from "./image-error.ts";
import type { ImageSource } from "./image-source.ts";
import { Layout } from "./layout.ts";
import type { ImageReference } from "./reference.ts";
import { Registry, type RegistryCredentials } from "./registry.ts";

export interface ImageSourcesOptions {
  /** Base URLs of registries, or directories, by the host in names of images. */
  readonly places: Readonly<Record<string, string>>;
  /** A `config.json` as `docker login` writes it; the user's own when none is given. */
  readonly credentialsFile: string;
  /** Where archives are unpacked while they are read. */
  readonly scratch: string;
}

const DOCKER_HUB = {
  name: "docker.io",
  url: "https://registry-1.docker.io",
  credentials: "https://index.docker.io/v1/",
};
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/;

export class ImageSources {
  readonly #options: ImageSourcesOptions;
  #archives = 0;

  constructor(options: ImageSourcesOptions) {
    this.#options = options;
  }

  /** @throws ImageError */
  async open({ registry, repository }: ImageReference): Promise<ImageSource> {
    const place = this.#options.places[registry] ?? (registry === DOCKER_HUB.name ? DOCKER_HUB.url : undefined);
    if (place?.startsWith("/")) return this.#openDirectory(place, repository);
    // As Docker has it: what is on this machine needs no TLS.
    const url = place ?? `${LOOPBACK.test(registry) ? "http" : "https"}://${registry}`;
    return new Registry(`${url.replace(/\/$/, "")}/`, this.#credentialsFor(registry));
  }

  /** `<directory>/<repository>` is a layout, `<directory>/<repository>.tar` an archive. */
  async #openDirectory(directory: string, repository: string): Promise<ImageSource> {
    const path = join(directory, repository);
    if (statSync(join(path, "index.json"), { throwIfNoEntry: false })) return new Layout(() => path);
    const archive = `${path}.tar`;
    if (!statSync(archive, { throwIfNoEntry: false })) {
      throw new ImageError("missing", `there is neither a layout ${path} nor an archive ${archive}`);
    }
    return openArchive(archive, join(this.#options.scratch, `archive-${++this.#archives}`));
  }

  #credentialsFor(registry: string): RegistryCredentials | undefined {
    const file = this.#options.credentialsFile || join(homedir(), ".docker", "config.json");
    let auths: Readonly<Record<string, { readonly auth?: string }>>;
    try {
      ({ auths = {} } = JSON.parse(readFileSync(file, "utf8")));
    } catch {
      return undefined;
    }
    const names = [registry, `https://${registry}`, ...(registry === DOCKER_HUB.name ? [DOCKER_HUB.credentials] : [])];
    const auth = names.map((name) => auths[name]?.auth).find((found) => found !== undefined);
    const [, user, password] = /^([^:]*):([\s\S]*)$/.exec(Buffer.from(auth ?? "", "base64").toString()) ?? [];
    return user !== undefined && password !== undefined ? { user, password } : undefined;
  }
}
