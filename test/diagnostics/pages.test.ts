import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { catalogue } from "../../src/diagnostics/catalogue/index.js";
import { warnings, type FitWarning } from "../../src/runtime/warnings.js";

const folder = fileURLToPath(new URL("../../docs/diagnostics/", import.meta.url));
const pages = readdirSync(folder);

/** Each warning of a fit, worded once; the type asks for every one of them. */
const worded: Readonly<Record<keyof typeof warnings, FitWarning>> = {
  notConverged: warnings.notConverged(100, 1e-3),
  componentReseeded: warnings.componentReseeded("z", 1, 5),
  covarianceAtRidge: warnings.covarianceAtRidge("covariance", 1),
  constantColumn: warnings.constantColumn("x", [0], false),
  missingColumn: warnings.missingColumn("x", [1], false),
  fewRows: warnings.fewRows(3, 10),
  objectiveDiffers: warnings.objectiveDiffers("the log-priors"),
  objectiveFell: warnings.objectiveFell(5, 1e-3),
  restartFailed: warnings.restartFailed(1, "the log-likelihood is not finite"),
  estimatedLogLikelihood: warnings.estimatedLogLikelihood(),
  interrupted: warnings.interrupted(5),
  ridgeWithoutEffect: warnings.ridgeWithoutEffect(),
  emptyComponents: warnings.emptyComponents("z", [1]),
  equalComponents: warnings.equalComponents("K", 0, 1),
  moreComponentsThanRows: warnings.moreComponentsThanRows("z", 5, 3),
  undeterminedCoefficients: warnings.undeterminedCoefficients("two columns are the same"),
  varianceNearZero: warnings.varianceNearZero("", 0),
  singularCovariance: warnings.singularCovariance("too few rows"),
  collapsedDraws: warnings.collapsedDraws(3, 8, 0.2),
  deadCritic: warnings.deadCritic(),
  certainCritic: warnings.certainCritic(),
};

const codes = [...catalogue, ...Object.values(worded)].map(({ code }) => code);

describe("the pages of diagnostics and warnings", () => {
  it("are one for each code, and no page is without a code", () => {
    expect(Object.keys(worded).sort()).toEqual(Object.keys(warnings).sort());
    expect([...pages].sort()).toEqual(codes.map((code) => `${code}.md`).sort());
  });

  it("begin with the code and its title", () => {
    const heads = new Map(
      pages.map((page) => [page.slice(0, -3), readFileSync(folder + page, "utf8").split("\n")[0]] as const),
    );
    const titled = new Map(catalogue.map(({ code, title }) => [code as string, `# ${code}: ${title}`]));
    for (const [code, head] of heads) {
      if (titled.has(code)) expect(head).toBe(titled.get(code));
      else expect(head).toMatch(new RegExp(`^# ${code}: \\S`));
    }
  });

  it("say something below the heading", () => {
    const below = (page: string): string =>
      readFileSync(folder + page, "utf8")
        .split("\n")
        .slice(1)
        .join("\n")
        .trim();
    expect(pages.filter((page) => below(page).length < 40)).toEqual([]);
  });
});
