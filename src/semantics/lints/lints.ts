import { lintDeviationsAsVariances } from "./deviation-as-variance.js";
import { lintLatentsWithoutData } from "./latent-without-data.js";
import type { Lint } from "./lint.js";
import { lintNeedlessInitials } from "./needless-initial.js";
import { lintNoDataPlate } from "./no-data-plate.js";
import { lintNothingObserved } from "./nothing-observed.js";
import { lintPriorsAtBoundary } from "./prior-at-boundary.js";
import { lintPriorsOutsideSupport } from "./prior-outside-support.js";
import { lintScaleTradeOffs } from "./scale-trade-off.js";
import { lintSingleComponents } from "./single-component.js";
import { lintTwinLatents } from "./twin-latents.js";
import { lintUnusedNetworks } from "./unused-network.js";
import { lintUnusedParameters } from "./unused-parameter.js";
import { lintUnusedSizes } from "./unused-size.js";
import { lintUnusedValues } from "./unused-value.js";

/** Every lint; they run on models without errors. */
export const lints: readonly Lint[] = [
  lintUnusedParameters,
  lintLatentsWithoutData,
  lintDeviationsAsVariances,
  lintScaleTradeOffs,
  lintPriorsOutsideSupport,
  lintSingleComponents,
  lintPriorsAtBoundary,
  lintUnusedSizes,
  lintUnusedNetworks,
  lintNothingObserved,
  lintNoDataPlate,
  lintNeedlessInitials,
  lintUnusedValues,
  lintTwinLatents,
];
