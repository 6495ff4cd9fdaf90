/** The catalog as a newcomer would imagine it, in a few maps: what its property test holds the real one against. */
import { isDeepStrictEqual } from "node:util";

/** What of a version the test varies. */
export interface Content {
  readonly memoryMb: number;
  readonly code: number;
  readonly state: "Active" | "Failed";
  readonly status: "Successful" | "InProgress" | "Failed";
}

/** A version's content under a revision; revisions are numbered by the model, and are UUIDs in reality. */
export interface Kept {
  readonly content: Content;
  readonly revision: number;
}

export interface ModelAlias {
  readonly version: string;
  readonly additional?: { readonly version: string; readonly weight: number };
  readonly revision: number;
}

/** A version that is changed in its place. */
interface Changing {
  shown: Kept;
  /** What it runs: what it shows, or what that was before the update that has not succeeded. */
  running: Kept;
}

/** Where a version is published to: under the next number, or to `$LATEST.PUBLISHED`. */
export type Publication = "number" | "latest" | undefined;

interface ModelFunction {
  /** Another one of the same name, made after this one is gone, has another. */
  readonly creation: number;
  readonly latest: Changing;
  latestPublished?: Changing | undefined;
  next: number;
  tags: Record<string, string>;
  readonly published: Map<string, Kept>;
  readonly aliases: Map<string, ModelAlias>;
  readonly settings: Map<string, string>;
}

export class CatalogModel {
  readonly functions = new Map<string, ModelFunction>();
  #revisions = 0;
  #creations = 0;

  create(name: string, content: Content, publish: Publication, tags: Record<string, string>): boolean {
    if (this.functions.has(name)) return false;
    const rest = { tags, published: new Map(), aliases: new Map(), settings: new Map() };
    const its: ModelFunction = { creation: ++this.#creations, latest: this.#changing(content), next: 1, ...rest };
    this.functions.set(name, its);
    this.#publish(its, content, publish);
    return true;
  }

  /** @returns the version that was published, if one was */
  update(name: string, change: Partial<Content>, publish: Publication): string | undefined {
    const its = this.functions.get(name);
    if (!its) return undefined;
    this.#become(its.latest, { ...its.latest.shown.content, ...change });
    return this.#publish(its, its.latest.shown.content, publish);
  }

  /** @returns whether the version is still what it was when its activation began */
  settle(
    name: string,
    version: string,
    begun: Content,
    creation: number | undefined,
    status: "Successful" | "Failed",
  ): boolean {
    const its = this.functions.get(name);
    if (its?.creation !== creation) return false;
    const changing = version === "$LATEST" ? its?.latest : its?.latestPublished;
    if (!changing || !isDeepStrictEqual(changing.shown.content, begun)) return false;
    this.#become(changing, { ...begun, status });
    return true;
  }

  setAlias(name: string, alias: string, wanted: Omit<ModelAlias, "revision">, isNew: boolean): string {
    const its = this.functions.get(name);
    const isThere = its?.aliases.has(alias) ?? false;
    if (isNew && isThere) return "taken";
    if (!(isNew || isThere)) return "missing";
    const versions = [wanted.version, ...(wanted.additional ? [wanted.additional.version] : [])];
    if (!versions.every((version) => this.version(name, version))) return "no such version";
    its?.aliases.set(alias, { ...wanted, revision: ++this.#revisions });
    return "written";
  }

  deleteAlias(name: string, alias: string): boolean {
    const its = this.functions.get(name);
    if (!its?.aliases.delete(alias)) return false;
    its.settings.delete(alias);
    return true;
  }

  deleteVersion(name: string, version: string): string {
    const its = this.functions.get(name);
    if (!its || version === "$LATEST" || !this.version(name, version)) return "missing";
    for (const alias of its.aliases.values()) {
      if (alias.version === version || alias.additional?.version === version) return "in use";
    }
    if (!its.published.delete(version)) its.latestPublished = undefined;
    its.settings.delete(version);
    return "deleted";
  }

  tag(name: string, key: string, value: string): boolean {
    const its = this.functions.get(name);
    if (its) its.tags = { ...its.tags, [key]: value };
    return its !== undefined;
  }

  set(name: string, qualifier: string, value: string): boolean {
    const its = this.functions.get(name);
    if (!its || !(this.version(name, qualifier) || its.aliases.has(qualifier))) return false;
    its.settings.set(qualifier, value);
    return true;
  }

  version(name: string, version: string): Kept | undefined {
    const its = this.functions.get(name);
    if (version === "$LATEST") return its?.latest.shown;
    return version === "$LATEST.PUBLISHED" ? its?.latestPublished?.shown : its?.published.get(version);
  }

  /** What the qualifier runs when the next random number is this. */
  resolve(name: string, qualifier: string | undefined, draw: number): Kept | undefined {
    const its = this.functions.get(name);
    if (qualifier === undefined) return (its?.latestPublished ?? its?.latest)?.running;
    if (qualifier === "$LATEST") return its?.latest.running;
    if (qualifier === "$LATEST.PUBLISHED") return its?.latestPublished?.running;
    const alias = its?.aliases.get(qualifier);
    if (!alias) return its?.published.get(qualifier);
    const { additional, version } = alias;
    return this.resolve(name, additional && draw < additional.weight ? additional.version : version, draw);
  }

  #publish(its: ModelFunction, content: Content, publish: Publication): string | undefined {
    if (publish === undefined) return undefined;
    if (publish === "latest") {
      if (its.latestPublished) this.#become(its.latestPublished, content);
      else its.latestPublished = this.#changing({ ...content, status: "Successful" });
      return "$LATEST.PUBLISHED";
    }
    const number = String(its.next++);
    its.published.set(number, this.#kept(content));
    return number;
  }

  #changing(content: Content): Changing {
    const shown = this.#kept(content);
    return { shown, running: shown };
  }

  #become(changing: Changing, content: Content): void {
    changing.shown = this.#kept(content);
    if (content.status === "Successful") changing.running = changing.shown;
  }

  #kept(content: Content): Kept {
    return { content, revision: ++this.#revisions };
  }
}
