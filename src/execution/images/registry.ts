/** A registry that speaks the OCI Distribution API, with the ways to sign in that registries ask for. */
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { ImageError } from "./image-error.ts";
import type { ImageSource } from "./image-source.ts";
import { type Descriptor, MANIFEST_TYPES, MAX_DOCUMENT_BYTES } from "./manifest.ts";

export interface RegistryCredentials {
  readonly user: string;
  readonly password: string;
}

const ANSWER_MS = 30_000;

export class Registry implements ImageSource {
  readonly #base: URL;
  readonly #credentials: RegistryCredentials | undefined;
  /** Authorization headers by repository, as registries gave them. */
  readonly #authorizations = new Map<string, string>();

  /** @param base e.g. https://registry.example/ */
  constructor(base: string, credentials: RegistryCredentials | undefined) {
    this.#base = new URL(base);
    this.#credentials = credentials;
  }

  async manifest(repository: string, reference: string): Promise<Buffer> {
    const answer = await this.#get(repository, `manifests/${reference}`, { accept: MANIFEST_TYPES.join(", ") });
    const length = Number(answer.headers.get("content-length") ?? 0);
    if (length > MAX_DOCUMENT_BYTES)
      throw new ImageError("invalid", "The image cannot be used: its manifest is too large.");
    return Buffer.from(await answer.arrayBuffer());
  }

  async blob(repository: string, { digest }: Descriptor): Promise<Readable> {
    const answer = await this.#get(repository, `blobs/${digest}`, {}, false);
    if (!answer.body) throw new ImageError("unreachable", `${this.#base.host} answered without the blob ${digest}`);
    return Readable.fromWeb(answer.body as ReadableStream);
  }

  async #get(repository: string, path: string, headers: Record<string, string>, isSmall = true): Promise<Response> {
    const url = new URL(`v2/${repository}/${path}`, this.#base);
    const ask = async (): Promise<Response> => {
      const authorization = this.#authorizations.get(repository);
      const all = { ...headers, ...(authorization !== undefined && { authorization }) };
      // Blobs are large: only silence ends them, which undici minds.
      return this.#fetch(url, { headers: all, ...(isSmall && { signal: AbortSignal.timeout(ANSWER_MS) }) });
    };
    let answer = await ask();
    if (answer.status === 401 && (await this.#signIn(repository, answer))) answer = await ask();
    if (answer.ok) return answer;
    await answer.body?.cancel();
    if (answer.status === 404) throw new ImageError("missing", `${this.#base.host} has no ${repository} ${path}`);
    if (answer.status === 401 || answer.status === 403) {
      throw new ImageError("denied", `${this.#base.host} does not let ${repository} be read`);
    }
    throw new ImageError("unreachable", `${this.#base.host} answered ${answer.status}`);
  }

  /** @returns whether it is worth asking again */
  async #signIn(repository: string, refusal: Response): Promise<boolean> {
    await refusal.body?.cancel();
    const challenge = refusal.headers.get("www-authenticate") ?? "";
    const basic = this.#credentials && `Basic ${encoded(this.#credentials)}`;
    if (/^basic\b/i.test(challenge)) {
      if (!basic || this.#authorizations.get(repository) === basic) return false;
      this.#authorizations.set(repository, basic);
      return true;
    }
    const { realm, service, scope } = parametersOf(challenge);
    if (!/^bearer\b/i.test(challenge) || realm === undefined || !URL.canParse(realm)) return false;
    const url = new URL(realm);
    // A password goes where the registry's own is: not in clear to elsewhere.
    if (url.protocol !== "https:" && url.hostname !== this.#base.hostname) return false;
    if (service !== undefined) url.searchParams.set("service", service);
    url.searchParams.set("scope", scope ?? `repository:${repository}:pull`);
    const answer = await this.#fetch(url, {
      headers: basic ? { authorization: basic } : {},
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (!answer.ok) {
      await answer.body?.cancel();
      return false;
    }
    const { token, access_token: other } = (await answer.json()) as { token?: unknown; access_token?: unknown };
    const given = token ?? other;
    if (typeof given !== "string") return false;
    this.#authorizations.set(repository, `Bearer ${given}`);
    return true;
  }

  async #fetch(url: URL, options: RequestInit): Promise<Response> {
    try {
      return await fetch(url, options);
    } catch (error) {
      const { cause, message } = error as Error;
      throw new ImageError(
        "unreachable",
        `${url.host} cannot be reached: ${(cause as Error)?.message ?? message}`,
        error,
      );
    }
  }
}

const encoded = ({ user, password }: RegistryCredentials): string =>
  Buffer.from(`${user}:${password}`).toString("base64");

/** `Bearer realm="...",service="..."` */
function parametersOf(challenge: string): Record<string, string> {
  return Object.fromEntries(
    [...challenge.matchAll(/([a-z_]+)="([^"]*)"/gi)].map(([, name = "", value = ""]) => [name.toLowerCase(), value]),
  );
}
