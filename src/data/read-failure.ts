/** What a failed read means to the owner of the file; undefined for what is not about the file. */
export function readFailure(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  switch (error.code) {
    case "ENOENT":
      return "there is no such file";
    case "EACCES":
    case "EPERM":
      return "permission is denied";
    case "EISDIR":
      return "it is a folder";
    case "ENOTDIR":
      return "a part of its path is not a folder";
    case "Z_DATA_ERROR":
    case "Z_BUF_ERROR":
      return "its compressed content is broken";
    default:
      return typeof error.code === "string" && /^E[A-Z]+$/.test(error.code) ? error.message : undefined;
  }
}
