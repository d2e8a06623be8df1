import type { DistributionName } from "../ir/distribution-name.js";

/** What a slot is to the values of a distribution: it shifts with them, or is scaled with them (or with their squares). */
export type UnitOfSlot = "location" | "deviation" | "variance";

/** Slots that are in the units of the child, which may be any real number. */
export const unitsOfTheChild: Readonly<Partial<Record<DistributionName, Readonly<Record<string, UnitOfSlot>>>>> = {
  Normal: { mean: "location", covariance: "variance", sd: "deviation" },
  StudentT: { location: "location", scale: "variance", sd: "deviation" },
  Laplace: { location: "location", scale: "deviation" },
};
