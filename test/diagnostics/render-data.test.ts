import { describe, expect, it } from "vitest";
import { negativeCount, textInNumberColumn } from "../../src/diagnostics/catalogue/data.js";
import { renderDataDiagnostic } from "../../src/diagnostics/render-data.js";

describe("a data diagnostic", () => {
  it("names file, row, line and column, and the way out", () => {
    const place = { file: "d.csv", row: 2, line: 3, column: "y" };
    const text = renderDataDiagnostic(textInNumberColumn(place, { text: "1,5", variable: "y", more: 1 }));
    expect(text).toBe(
      'error[GEN4201]: `y` needs a number here, and this is "1,5" (and so in 1 further row).\n' +
        "  --> d.csv, row 2 (line 3), column `y`\n" +
        "   = help: Write decimals with a point.\n",
    );
  });
  it("does not pass on what would move the cursor", () => {
    const place = { file: "a\u001b[2Jb.csv" };
    const text = renderDataDiagnostic(negativeCount(place, { variable: "y", value: -1, more: 0 }));
    expect(text).toContain("--> a\uFFFD[2Jb.csv\n");
  });
});
