import type { Model } from "../../../ir/model.js";
import { guideOf, type GuideObstacle, type WrittenOutGuide } from "../derived-guide.js";

/** The guide of a model with a chain: as written, or derived. */
export function chainGuideOf(model: Model, sampled: readonly string[]): WrittenOutGuide | GuideObstacle {
  return guideOf(model, sampled);
}
