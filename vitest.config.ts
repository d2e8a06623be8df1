import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Chevrotain in one file: its many modules take several times as long to load, once for each test file. */
const bundledChevrotain = fileURLToPath(new URL("node_modules/chevrotain/lib/chevrotain.min.mjs", import.meta.url));

export default defineConfig({
  resolve: { alias: existsSync(bundledChevrotain) ? [{ find: /^chevrotain$/, replacement: bundledChevrotain }] : [] },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
  },
});
