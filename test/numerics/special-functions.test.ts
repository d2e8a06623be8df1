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

/** Reference values: mpmath 1.3 with 40 digits at the double nearest to the argument, rounded to a double. */
const tables: Record<string, { evaluate: (x: number) => number; tolerance: number; rows: [number, number][] }> = {
  logGamma: {
    evaluate: logGamma,
    tolerance: 1e-14,
    rows: [
      [1e-10, 23.025850929882736],
      [0.001, 6.907178885383853],
      [0.1, 2.252712651734206],
      [0.3, 1.0957979948180756],
      [0.5, 0.5723649429247001],
      [0.75, 0.20328095143129538],
      [0.999999, 5.772164873855652e-7],
      [1.000001, -5.772148423874147e-7],
      [1.2, -0.08537409000331583],
      [1.4616321449683622, -0.12148629053584961],
      [1.5, -0.12078223763524522],
      [1.9, -0.03898427592308336],
      [2.000001, 4.2278465762452923e-7],
      [2.3, 0.15418945495963046],
      [2.5, 0.2846828704729192],
      [2.6, 0.35741186354897986],
      [3.7, 1.428072326665388],
      [5, 3.1780538303479458],
      [7.9, 8.32426586800881],
      [9.999, 12.799575780077413],
      [10.5, 13.940625219403763],
      [25, 54.78472939811232],
      [100.25, 360.28455963776423],
      [1e4, 82099.71749644238],
      [1e10, 220258509288.81058],
      [1e100, 2.2925850929940456e102],
      [-0.5, 1.2655121234846454],
      [-1.5, 0.860047015376481],
      [-2.3, 0.36956666345500805],
      [-10.75, -15.403074503504817],
      [-0.001, 6.908333317515028],
      [-1e-8, 18.42068074972452],
      [-170.5, -707.9984331450788],
    ],
  },
  digamma: {
    evaluate: digamma,
    tolerance: 1e-13,
    rows: [
      [1e-8, -100000000.57721564],
      [0.01, -100.56088545786868],
      [0.25, -4.2274535333762655],
      [0.5, -1.9635100260214235],
      [1, -0.5772156649015329],
      [1.4, -0.06138454458511624],
      [1.6, 0.12604745277347632],
      [2, 0.42278433509846713],
      [3.3, 1.0348224890596216],
      [5, 1.5061176684318005],
      [9.5, 2.1977378764029494],
      [10, 2.251752589066721],
      [12, 2.442661679975812],
      [123.456, 4.811829323828985],
      [1e6, 13.815510057964191],
      [-0.5, 0.03648997397857652],
      [-2.25, 4.158583564657972],
      [-7.9, -7.540007224419479],
    ],
  },
  trigamma: {
    evaluate: trigamma,
    tolerance: 1e-14,
    rows: [
      [1e-8, 1.0000000000000002e16],
      [0.01, 10001.621213528313],
      [0.25, 17.19732915450711],
      [0.5, 4.934802200544679],
      [1, 1.6449340668482264],
      [1.4, 1.0253565905295976],
      [2, 0.6449340668482264],
      [3.3, 0.3535015418410618],
      [5, 0.22132295573711533],
      [9.5, 0.11099728846909904],
      [10, 0.10516633568168575],
      [12, 0.08690187287176838],
      [123.456, 0.008132945834278198],
      [1e6, 1.0000005000001667e-6],
      [-0.5, 8.934802200544679],
      [-2.25, 19.37941051186914],
      [-7.9, 103.23693140003948],
    ],
  },
  logBesselI0: {
    evaluate: logBesselI0,
    tolerance: 1e-14,
    rows: [
      [1e-8, 2.5e-17],
      [0.001, 2.4999998437500175e-7],
      [0.1, 0.0024984392338762438],
      [0.5, 0.06154971918548131],
      [1, 0.23591435850717865],
      [2, 0.8239935414829563],
      [5, 3.3046817758225333],
      [10, 7.942972083118695],
      [20, 17.589610428244274],
      [24.9, 22.378752955946688],
      [25.1, 22.574711224613928],
      [40, 37.23978686135236],
      [100, 96.77973268994258],
      [700, 695.8056999984434],
      [1e4, 9994.475903781433],
      [1e8, 99999989.8707211],
    ],
  },
  besselRatio: {
    evaluate: besselRatio,
    tolerance: 1e-14,
    rows: [
      [1e-8, 5e-9],
      [0.001, 0.0004999999375000105],
      [0.1, 0.04993760398793892],
      [0.5, 0.24249961258080194],
      [1, 0.4463899658965345],
      [2, 0.697774657964008],
      [5, 0.8933831370440852],
      [10, 0.9485998259548459],
      [20, 0.9746705078898071],
      [24.9, 0.9797094167355604],
      [25.1, 0.9798728293152129],
      [40, 0.9874198413363506],
      [100, 0.9949873730051688],
      [700, 0.9992854588184261],
      [1e4, 0.999949998749875],
      [1e8, 0.999999995],
      [-2, -0.697774657964008],
    ],
  },
  erf: {
    evaluate: erf,
    tolerance: 1e-14,
    rows: [
      [1e-10, 1.1283791670955126e-10],
      [0.01, 0.011283415555849618],
      [0.3, 0.3286267594591274],
      [0.5, 0.5204998778130465],
      [1, 0.8427007929497149],
      [1.5, 0.9661051464753108],
      [2, 0.9953222650189527],
      [2.9, 0.9999589021219005],
      [3.1, 0.9999883513426328],
      [4, 0.9999999845827421],
      [5.5, 0.9999999999999927],
      [-0.5, -0.5204998778130465],
      [40, 1],
    ],
  },
  logMinusDigamma: {
    evaluate: logMinusDigamma,
    tolerance: 1e-13,
    rows: [
      [0.01, 95.95571527188058],
      [0.5, 1.2703628454614782],
      [1, 0.5772156649015329],
      [5, 0.1033202440022999],
      [9.99, 0.05088421982926105],
      [10, 0.05083250392732458],
      [50, 0.010033332000253862],
      [1e4, 0.0000500008333333325],
      [1e9, 5.000000000833333e-10],
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
