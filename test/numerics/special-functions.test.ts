import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import {
  besselRatio,
  digamma,
  erf,
  log1mexp,
  logBesselI0,
  logGamma,
  logMinusDigamma,
  sigmoid,
  softplus,
  trigamma,
} from "../../src/numerics/special-functions.js";

/** Reference values: mpmath 1.3, 40 digits, at the double nearest to the argument. */
const tables: Record<string, { evaluate: (x: number) => number; tolerance: number; rows: [number, number][] }> = {
  logGamma: {
    evaluate: logGamma,
    tolerance: 1e-14,
    rows: [
      [1e-10, 23.0258509298827352],
      [0.001, 6.90717888538385366],
      [0.1, 2.2527126517342059],
      [0.3, 1.09579799481807556],
      [0.5, 0.572364942924700087],
      [0.75, 0.203280951431295371],
      [0.999999, 5.77216487385565238e-7],
      [1.000001, -5.77214842387414665e-7],
      [1.2, -0.0853740900033158369],
      [1.4616321449683622, -0.121486290535849608],
      [1.5, -0.120782237635245222],
      [1.9, -0.0389842759230833617],
      [2.000001, 4.22784657624529236e-7],
      [2.3, 0.154189454959630475],
      [2.5, 0.28468287047291916],
      [2.6, 0.357411863548979837],
      [3.7, 1.42807232666538813],
      [5, 3.17805383034794562],
      [7.9, 8.32426586800880963],
      [9.999, 12.7995757800774137],
      [10.5, 13.9406252194037636],
      [25, 54.7847293981123192],
      [100.25, 360.284559637764235],
      [1e4, 82099.7174964423773],
      [1e10, 220258509288.810581],
      [1e100, 2.29258509299404572e102],
      [-0.5, 1.2655121234846454],
      [-1.5, 0.860047015376481015],
      [-2.3, 0.369566663455008037],
      [-10.75, -15.4030745035048173],
      [-0.001, 6.90833331751502841],
      [-1e-8, 18.4206807497245222],
      [-170.5, -707.998433145078842],
    ],
  },
  digamma: {
    evaluate: digamma,
    tolerance: 1e-13,
    rows: [
      [1e-8, -100000000.577215646],
      [0.01, -100.560885457868672],
      [0.25, -4.22745353337626541],
      [0.5, -1.96351002602142348],
      [1, -0.577215664901532861],
      [1.4, -0.0613845445851162368],
      [1.6, 0.126047452773476328],
      [2, 0.422784335098467139],
      [3.3, 1.03482248905962169],
      [5, 1.50611766843180047],
      [9.5, 2.19773787640294953],
      [10, 2.25175258906672111],
      [12, 2.44266167997581202],
      [123.456, 4.81182932382898541],
      [1e6, 13.8155100579641908],
      [-0.5, 0.0364899739785765206],
      [-2.25, 4.15858356465797227],
      [-7.9, -7.54000722441947843],
    ],
  },
  trigamma: {
    evaluate: trigamma,
    tolerance: 1e-14,
    rows: [
      [1e-8, 10000000000000001.2],
      [0.01, 10001.6212135283128],
      [0.25, 17.1973291545071107],
      [0.5, 4.93480220054467931],
      [1, 1.64493406684822644],
      [1.4, 1.02535659052959753],
      [2, 0.644934066848226436],
      [3.3, 0.353501541841061832],
      [5, 0.221322955737115325],
      [9.5, 0.110997288469099032],
      [10, 0.105166335681685746],
      [12, 0.0869018728717683908],
      [123.456, 0.00813294583427819781],
      [1e6, 1.00000050000016667e-6],
      [-0.5, 8.93480220054467931],
      [-2.25, 19.3794105118691374],
      [-7.9, 103.236931400039483],
    ],
  },
  logBesselI0: {
    evaluate: logBesselI0,
    tolerance: 1e-14,
    rows: [
      [1e-8, 2.50000000000000009e-17],
      [0.001, 2.49999984375001747e-7],
      [0.1, 0.00249843923387624366],
      [0.5, 0.0615497191854813039],
      [1, 0.235914358507178649],
      [2, 0.823993541482956283],
      [5, 3.30468177582253343],
      [10, 7.94297208311869555],
      [20, 17.5896104282442743],
      [24.9, 22.3787529559466867],
      [25.1, 22.5747112246139284],
      [40, 37.2397868613523568],
      [100, 96.7797326899425837],
      [700, 695.805699998443449],
      [1e4, 9994.4759037814323],
      [1e8, 99999989.8707210961],
    ],
  },
  besselRatio: {
    evaluate: besselRatio,
    tolerance: 1e-14,
    rows: [
      [1e-8, 5.00000000000000004e-9],
      [0.001, 0.000499999937500010427],
      [0.1, 0.0499376039879389222],
      [0.5, 0.242499612580801945],
      [1, 0.446389965896534507],
      [2, 0.697774657964007982],
      [5, 0.893383137044085222],
      [10, 0.948599825954845959],
      [20, 0.974670507889807126],
      [24.9, 0.979709416735560481],
      [25.1, 0.979872829315212921],
      [40, 0.987419841336350658],
      [100, 0.994987373005168766],
      [700, 0.999285458818426093],
      [1e4, 0.99994999874987498],
      [1e8, 0.999999994999999987],
      [-2, -0.697774657964007982],
    ],
  },
  erf: {
    evaluate: erf,
    tolerance: 1e-14,
    rows: [
      [1e-10, 1.12837916709551262e-10],
      [0.01, 0.0112834155558496172],
      [0.3, 0.328626759459127416],
      [0.5, 0.520499877813046538],
      [1, 0.842700792949714869],
      [1.5, 0.966105146475310727],
      [2, 0.995322265018952734],
      [2.9, 0.999958902121900541],
      [3.1, 0.9999883513426328],
      [4, 0.9999999845827421],
      [5.5, 0.999999999999992642],
      [-0.5, -0.520499877813046538],
      [40, 1],
    ],
  },
  logMinusDigamma: {
    evaluate: logMinusDigamma,
    tolerance: 1e-13,
    rows: [
      [0.01, 95.9557152718805811],
      [0.5, 1.27036284546147817],
      [1, 0.577215664901532861],
      [5, 0.103320244002299902],
      [9.99, 0.0508842198292610499],
      [10, 0.0508325039273245764],
      [50, 0.0100333320002538617],
      [1e4, 0.0000500008333333325],
      [1e9, 5.00000000083333333e-10],
    ],
  },
};

describe.each(Object.entries(tables))("%s against a table", (_, { evaluate, tolerance, rows }) => {
  it.each(rows)("at %d", (x, expected) => {
    expect(Math.abs(evaluate(x) / expected - 1)).toBeLessThan(tolerance);
  });
});

describe("exact values and poles", () => {
  it("has zeros of logGamma at 1 and 2 and its poles", () => {
    expect(logGamma(1)).toBe(0);
    expect(logGamma(2)).toBe(0);
    expect(logGamma(0)).toBe(Infinity);
    expect(logGamma(-3)).toBe(Infinity);
    expect(logGamma(Infinity)).toBe(Infinity);
    expect(logGamma(NaN)).toBeNaN();
    expect(digamma(-1)).toBeNaN();
    expect(trigamma(0)).toBeNaN();
  });

  it("counts factorials", () => {
    let factorial = 1;
    for (let n = 1; n <= 20; n++) {
      factorial *= n;
      expect(logGamma(n + 1)).toBeCloseTo(Math.log(factorial), 12);
    }
  });

  it("keeps Bessel functions even and odd, and 0 at 0", () => {
    expect(logBesselI0(0)).toBe(0);
    expect(besselRatio(0)).toBe(0);
    expect(logBesselI0(-3)).toBe(logBesselI0(3));
    expect(besselRatio(-30)).toBe(-besselRatio(30));
  });

  it("stays finite where the definition overflows", () => {
    expect(softplus(1000)).toBe(1000);
    expect(softplus(-1000)).toBe(0);
    expect(softplus(0)).toBeCloseTo(Math.LN2, 15);
    expect(softplus(-40)).toBeCloseTo(Math.exp(-40), 30);
    expect(sigmoid(-1000)).toBe(0);
    expect(sigmoid(-30)).toBeCloseTo(Math.exp(-30), 25);
    expect(sigmoid(0)).toBe(0.5);
    expect(log1mexp(1e-20)).toBeCloseTo(Math.log(1e-20), 12);
    expect(log1mexp(50)).toBe(-Math.exp(-50));
  });
});

describe("laws", () => {
  test.prop([fc.double({ min: 1e-3, max: 50, noNaN: true })])("recurrences", (x) => {
    expect(logGamma(x + 1) - logGamma(x)).toBeCloseTo(Math.log(x), 11);
    expect(digamma(x + 1) - digamma(x)).toBeCloseTo(1 / x, 9);
    expect(trigamma(x) - trigamma(x + 1)).toBeCloseTo(1 / (x * x), 8);
  });

  test.prop([fc.double({ min: 0.01, max: 0.99, noNaN: true })])("reflection", (x) => {
    expect(logGamma(x) + logGamma(1 - x)).toBeCloseTo(Math.log(Math.PI / Math.sin(Math.PI * x)), 12);
    expect(digamma(1 - x) - digamma(x)).toBeCloseTo(Math.PI / Math.tan(Math.PI * x), 10);
  });

  test.prop([fc.double({ min: 0.05, max: 60, noNaN: true })])("derivatives", (x) => {
    const h = 1e-4 * Math.min(1, x);
    const slope = (f: (x: number) => number): number => (f(x + h) - f(x - h)) / (2 * h);
    const close = (a: number, b: number): void => expect(Math.abs(a - b)).toBeLessThan(2e-6 * (1 + Math.abs(b)));
    close(slope(logGamma), digamma(x));
    close(slope(digamma), trigamma(x));
    close(slope(logBesselI0), besselRatio(x));
    close(slope(softplus), sigmoid(x));
  });
});
