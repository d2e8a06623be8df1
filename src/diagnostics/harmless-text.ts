/** Text from a file or a name, safe to print on a terminal: control characters, which could move the cursor, are replaced. */
export function harmlessText(text: string): string {
  return text.replace(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/g, "\uFFFD");
}
