import { createRequire } from "node:module";
import { join } from "node:path";

/**
 * A package that need not be installed: beside this one, or in the project of the working folder, which may use this one
 * from elsewhere; undefined where it is in neither.
 */
export async function optionalPackage(name: string): Promise<unknown> {
  try {
    return (await import(name)) as unknown;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  try {
    return createRequire(join(process.cwd(), "package.json"))(name);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function isNotFound(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? error.code : undefined;
  // Bundlers put a module of their own in place of what they do not find.
  return (
    code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND" || error.message.startsWith('Could not resolve "')
  );
}
