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

interface ModelFunction {
  latest: Kept;
  /** What `$LATEST` runs: itself, or what it was before the update that has not succeeded. */
  running: Kept;
  next: number;
  tags: Record<string, string>;
  readonly published: Map<string, Kept>;
  readonly aliases: Map<string, ModelAlias>;
  readonly settings: Map<string, string>;
}

export class CatalogModel {
  readonly functions = new Map<string, ModelFunction>();
  #revisions = 0;

  create(name: string, content: Content, publish: boolean, tags: Record<string, string>): boolean {
    if (this.functions.has(name)) return false;
    const latest = this.#kept(content);
    const published = new Map(publish ? [["1", this.#kept(content)]] : []);
    const rest = { tags, aliases: new Map(), settings: new Map() };
    this.functions.set(name, { latest, running: latest, next: publish ? 2 : 1, published, ...rest });
    return true;
  }

  /** @returns the number of the version that was published, if one was */
  update(name: string, change: Partial<Content>, publish: boolean): string | undefined {
    const its = this.functions.get(name);
    if (!its) return undefined;
    this.#become(its, { ...its.latest.content, ...change });
    if (!publish) return undefined;
    const number = String(its.next++);
    its.published.set(number, this.#kept(its.latest.content));
    return number;
  }

  /** @returns whether the version is still what it was when its activation began */
  settle(name: string, begun: Content, status: "Successful" | "Failed"): boolean {
    const its = this.functions.get(name);
    if (!its || !isDeepStrictEqual(its.latest.content, begun)) return false;
    this.#become(its, { ...begun, status });
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
    if (!its?.published.has(version)) return "missing";
    for (const alias of its.aliases.values()) {
      if (alias.version === version || alias.additional?.version === version) return "in use";
    }
    its.published.delete(version);
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
    return version === "$LATEST" ? its?.latest : its?.published.get(version);
  }

  /** What the qualifier runs when the next random number is this. */
  resolve(name: string, qualifier: string, draw: number): Kept | undefined {
    const its = this.functions.get(name);
    if (qualifier === "$LATEST") return its?.running;
    const alias = its?.aliases.get(qualifier);
    if (!alias) return its?.published.get(qualifier);
    const { additional, version } = alias;
    return this.resolve(name, additional && draw < additional.weight ? additional.version : version, draw);
  }

  #become(its: ModelFunction, content: Content): void {
    its.latest = this.#kept(content);
    if (content.status === "Successful") its.running = its.latest;
  }

  #kept(content: Content): Kept {
    return { content, revision: ++this.#revisions };
  }
}
