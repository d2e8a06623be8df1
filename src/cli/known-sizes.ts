import type { SettledSizes } from "../data/bindable.js";
import { didYouMean } from "../diagnostics/did-you-mean.js";
import type { SizeDescription } from "../runtime/description.js";
import { usageFailure } from "./failure.js";

/** Sizes before the data are seen. */
export interface KnownSizes {
  readonly settled: SettledSizes;
  readonly defaults: Readonly<Record<string, number>>;
}

/** `--dim` and the defaults of the program. */
export function knownSizes(sizes: readonly SizeDescription[], dims: Readonly<Record<string, number>>): KnownSizes {
  const names = sizes.map((size) => size.name);
  for (const name of Object.keys(dims)) {
    if (names.includes(name)) continue;
    const has = names.length === 0 ? "no sizes" : `the sizes ${names.join(", ")}`;
    const suggestion = didYouMean(name, names);
    throw usageFailure(
      `--dim ${name}=${dims[name]}: the model has ${has}.`,
      suggestion === undefined ? undefined : `Did you mean --dim ${suggestion}=${dims[name]}?`,
    );
  }
  return {
    settled: new Map(Object.entries(dims).map(([name, value]) => [name, { value, by: `--dim ${name}=${value}` }])),
    defaults: Object.fromEntries(
      sizes.flatMap((size) => (size.default === undefined ? [] : [[size.name, size.default]])),
    ),
  };
}

/** All sizes of a model, defaults filled in; one that is still open is a usage error. */
export function completeSizes(
  sizes: readonly SizeDescription[],
  found: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    sizes.map(({ name, default: fallback }) => {
      const value = found[name] ?? fallback;
      if (value === undefined) throw sizeFailure(name);
      return [name, value];
    }),
  );
}

/** Refuses early, before any data is read, if a size can only be given and is not. */
export function requireGivenSizes(sizes: readonly SizeDescription[], { settled, defaults }: KnownSizes): void {
  for (const { name, boundBy, categoriesOf } of sizes) {
    if (boundBy !== undefined || categoriesOf !== undefined) continue;
    if (!settled.has(name) && !Object.hasOwn(defaults, name)) throw sizeFailure(name);
  }
}

function sizeFailure(name: string): Error {
  return usageFailure(`The size ${name} has no default and does not follow from the data.`, `Give it: --dim ${name}=3`);
}
