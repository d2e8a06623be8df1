/** Version of the compiler, as emitted modules state it; `test/compile/version.test.ts` holds it to package.json. */
export const compilerVersion = "0.1.0";
