import { expect, test } from "vitest";
import { emitKernel } from "../../../src/codegen/kernels/emit-kernel.js";
import { deriveProgram } from "../../../src/compile/index.js";
import { bytesOfText } from "../../../src/runtime/kernels/bytes-of-text.js";
import { fuseMultiplyAdds, relaxedSimdIsSupported } from "../../../src/runtime/kernels/relaxed-simd.js";
import { modelOf } from "../../support/random-models.js";

test("multiply-adds are fused in place, products that are subtracted too", () => {
  const model = modelOf(`model Mixture {
    size K, D
    param weights: Simplex[K]
    param mean[K]: Vector[D]
    param covariance[K]: Cov[D]
    each n {
      latent z: Category[K] ~ Categorical(weights)
      observe x: Vector[D] ~ Normal(mean[z], covariance[z])
    }
  }`);
  const module = emitKernel(deriveProgram(model).eStep.complete);
  const plain = bytesOfText(module.bytes);
  const fused = plain.slice();
  fuseMultiplyAdds(fused, bytesOfText(module.fusions));
  expect(WebAssembly.validate(plain)).toBe(true);
  // Node 22 and newer; there the other tests of this folder run the fused variant.
  expect(WebAssembly.validate(fused)).toBe(relaxedSimdIsSupported());
  const count = (bytes: Uint8Array, code: number): number =>
    bytes.reduce((n, byte, i) => n + (byte === 0xfd && bytes[i + 1] === code && bytes[i + 2] === 0x02 ? 1 : 0), 0);
  expect(count(fused, 0x87) - count(plain, 0x87)).toBeGreaterThan(20);
  expect(count(fused, 0x88) - count(plain, 0x88)).toBeGreaterThan(2);
});
