import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deriveProgram } from "../../src/compile/index.js";
import { eliminationOrder } from "../../src/inference/elimination-order.js";
import { checkEnumeration } from "../../src/verify/check-enumeration.js";
import { checkGradients, checkScoreIdentity } from "../../src/verify/check-gradients.js";
import { staticModel } from "../arbitraries/static-model.js";
import { modelOf } from "../support/random-models.js";

const slow = process.env["GENC_SLOW"] !== undefined;

function orderOf(model: ReturnType<typeof modelOf>): readonly string[] {
  const order = eliminationOrder(model);
  if (!order.ok) throw new Error(order.reason);
  return order.steps.map((step) => step.latent);
}

describe("the checks of genc verify, on random models", () => {
  test("enumeration and finite differences hold", () => {
    fc.assert(
      fc.property(staticModel({ priors: false, missing: true, weights: false }), (one) => {
        const model = modelOf(one.text);
        const enumeration = checkEnumeration(deriveProgram(model), one.seed);
        expect(enumeration.outcome, enumeration.detail).not.toBe("failed");
        const gradients = checkGradients(model, orderOf(model), one.seed);
        expect(gradients.outcome, `${gradients.detail}\n${one.text}`).toBe("passed");
      }),
      { numRuns: slow ? 400 : 30 },
    );
  });

  test("the score of drawn data has mean zero", () => {
    fc.assert(
      fc.property(staticModel({ priors: false, missing: false, weights: false }), (one) => {
        const model = modelOf(one.text);
        const result = checkScoreIdentity(model, orderOf(model), one.seed);
        expect(result.outcome, `${result.detail}\n${one.text}`).toBe("passed");
      }),
      // Fixed: the limit is passed by chance once in ten thousand, and a test may not fail by chance.
      { numRuns: slow ? 60 : 6, seed: 7 },
    );
  });
});
