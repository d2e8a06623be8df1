import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Chevrotain in one file: its many modules take several times as long to load, once for each test file. */
const bundledChevrotain = fileURLToPath(new URL("node_modules/chevrotain/lib/chevrotain.min.mjs", import.meta.url));

/** Files that go over the whole standard library take minutes: begun last, they would be waited for alone. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => moduleId.includes("/test/stdlib/");
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  resolve: { alias: existsSync(bundledChevrotain) ? [{ find: /^chevrotain$/, replacement: bundledChevrotain }] : [] },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
  },
});
