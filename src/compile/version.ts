/** Version of the compiler, as emitted modules state it; `test/compile/version.test.ts` holds it to package.json. */
export const compilerVersion = "0.1.0";

/** Put in by the build: what the compiler was built from. */
declare const GENC_BUILD: string | undefined;

/** Tells one state of the compiler from another; undefined where it runs unbuilt. */
export const compilerBuild: string | undefined = typeof GENC_BUILD === "undefined" ? undefined : GENC_BUILD;
