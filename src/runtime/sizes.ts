import type { Extent, ModelDescription, Sizes } from "./description.js";
import { DataError, OptionError } from "./errors.js";
import { extentText, extentValue } from "./extents.js";

/** Checks the sizes given to a constructor: known names, positive integers. Absent ones may come from the data. */
export function checkSizes(description: ModelDescription, given: object): Record<string, number> {
  const known = new Set(description.sizes.map((size) => size.name));
  const sizes: Record<string, number> = {};
  for (const [name, value] of Object.entries(given) as [string, unknown][]) {
    if (value === undefined) continue;
    if (!known.has(name)) {
      const names = known.size === 0 ? "no sizes (the model has none)" : `one of ${[...known].join(", ")}`;
      throw new OptionError(`sizes.${name}`, names, `\`${name}\``);
    }
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1) {
      throw new OptionError(`sizes.${name}`, "a positive integer", String(value));
    }
    sizes[name] = value;
  }
  checkLeastSizes(description, sizes);
  return sizes;
}

/** @throws OptionError for a size in which there is no place for an entry that the model picks by its number */
function checkLeastSizes(description: ModelDescription, sizes: Sizes): void {
  for (const { name, atLeast = 1 } of description.sizes) {
    const value = sizes[name];
    if (value !== undefined && value < atLeast) {
      throw new OptionError(
        `sizes.${name}`,
        `at least ${atLeast}, because the model picks entry ${atLeast - 1}`,
        String(value),
      );
    }
  }
}

/**
 * Binds sizes as the data shows them, and says where two places contradict each other. What was given to the
 * constructor counts more than the data, the data more than a default in the model.
 */
export class SizeBinding {
  private readonly bound: Record<string, number> = {};
  private readonly origin = new Map<string, string>();

  constructor(
    private readonly description: ModelDescription,
    given: Sizes,
    givenOrigin = "as given",
  ) {
    for (const [name, value] of Object.entries(given)) this.bind(name, value, givenOrigin);
  }

  /** The number of an extent, if it is known. */
  valueOf(extent: Extent): number | undefined {
    return extentValue(extent, this.bound);
  }

  bind(name: string, value: number, origin: string): void {
    this.bound[name] = value;
    this.origin.set(name, origin);
  }

  /** Meets one dimension of a variable (or parameter): binds its size, or compares. */
  unify(extent: Extent, found: number, what: string, variable: string): void {
    const expected = this.valueOf(extent);
    if (expected === found) return;
    if (expected === undefined) {
      // Of a sum only a part is unknown; another variable binds it, and the sum is compared in the next round.
      if (typeof extent === "string") this.bind(extent, found, what);
      return;
    }
    const origin = typeof extent === "string" ? ` ${this.origin.get(extent) ?? "as declared"}` : " as declared";
    const size = typeof extent === "number" ? `${expected}` : `\`${extentText(extent)}\` = ${expected}`;
    throw new DataError("size", `${what} is ${found}, but the model needs ${size}${origin}.`, { variable });
  }

  /** Fills in the defaults. Sizes that are still unknown: an error that says how to give them. */
  complete(): Record<string, number> {
    for (const { name, default: value } of this.description.sizes) {
      if (!(name in this.bound) && value !== undefined) this.bind(name, value, "by its default in the model");
    }
    const unknown = this.description.sizes.filter(({ name }) => !(name in this.bound));
    if (unknown.length > 0) {
      const names = unknown.map(({ name }) => name).join(", ");
      throw new OptionError(
        `sizes.${unknown[0].name}`,
        "a positive integer, because no data variable shows it",
        `nothing; pass { ${names} } to the constructor of ${this.description.name}`,
      );
    }
    checkLeastSizes(this.description, this.bound);
    return { ...this.bound };
  }
}
