/** @param text JSON or YAML @returns undefined when it is neither */
export async function readDescription(text: string): Promise<DescriptionPart | undefined> {
  // Seventy modules, of which a region has no need before somebody imports an API.
  const { parse } = await import("yaml");
  try {
    return new DescriptionPart(parse(text, { logLevel: "error" }));
  } catch {
    return undefined;
  }
}

/**
 * A part of a document that somebody has written, such as an API's description: what is not there, or is of another kind than
 * what is asked for, is undefined, or empty.
 */
export class DescriptionPart {
  readonly value: unknown;
  readonly #root: DescriptionPart;

  constructor(value: unknown, root?: DescriptionPart) {
    this.value = value;
    this.#root = root ?? this;
  }

  get isThere(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  /** Of an object. What is a reference within the document is what it refers to. */
  at(name: string): DescriptionPart {
    const found = isObject(this.value) && Object.hasOwn(this.value, name) ? this.value[name] : undefined;
    return new DescriptionPart(found, this.#root).#resolved();
  }

  get entries(): readonly (readonly [name: string, part: DescriptionPart])[] {
    return isObject(this.value) ? Object.keys(this.value).map((name) => [name, this.at(name)] as const) : [];
  }

  get items(): readonly DescriptionPart[] {
    const items: readonly unknown[] = Array.isArray(this.value) ? this.value : [];
    return items.map((item) => new DescriptionPart(item, this.#root).#resolved());
  }

  get text(): string | undefined {
    return typeof this.value === "string" ? this.value : undefined;
  }

  /** Also of a number or a truth value: those who write YAML do not always quote. */
  get anyText(): string | undefined {
    return isObject(this.value) || Array.isArray(this.value) || !this.isThere ? undefined : String(this.value);
  }

  get number(): number | undefined {
    const number = Number(this.anyText);
    return this.anyText?.trim() && Number.isFinite(number) ? number : undefined;
  }

  get flag(): boolean {
    return this.value === true || this.value === "true";
  }

  get texts(): string[] {
    return this.items.flatMap(({ anyText }) => (anyText === undefined ? [] : [anyText]));
  }

  /** Of an object: those of its members that are texts, or numbers. */
  get textMap(): Record<string, string> {
    return Object.fromEntries(
      this.entries.flatMap(([name, { anyText }]) => (anyText === undefined ? [] : [[name, anyText]])),
    );
  }

  /** The name at the end of the reference that this is, before it was followed; see `referenceAt`. */
  referenceAt(name: string): string | undefined {
    const found = isObject(this.value) && Object.hasOwn(this.value, name) ? this.value[name] : undefined;
    return isObject(found) && typeof found.$ref === "string" ? found.$ref.split("/").at(-1) : undefined;
  }

  /** One step: a reference to a reference is none that tools write, and could go in circles. */
  #resolved(): DescriptionPart {
    const reference = isObject(this.value) ? this.value.$ref : undefined;
    if (typeof reference !== "string" || !reference.startsWith("#/")) return this;
    let found: unknown = this.#root.value;
    for (const step of reference.slice(2).split("/")) {
      const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
      found = isObject(found) && Object.hasOwn(found, name) ? found[name] : undefined;
    }
    return new DescriptionPart(found, this.#root);
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
