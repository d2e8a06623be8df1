// A page in headless Chromium, and what it sends back.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

/** The browser's command, which CHROMIUM may name; undefined where there is none. */
export const chromium = [process.env.CHROMIUM, "chromium", "chromium-browser", "google-chrome"].find(
  (name) => name && spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0,
);

/**
 * Serves files and opens a page that loads the script /page.mjs, in a browser of its own: what it posts back, or
 * `{ error }`.
 *
 * @param files by path, scripts all of them
 * @param folder where the browser's profile may be
 */
export async function openPage({ files, headers = {}, query = "", flags, folder, seconds }) {
  let settle;
  const result = new Promise((resolve) => {
    settle = resolve;
  });
  const page = '<!doctype html><meta charset="utf-8"><script type="module" src="/page.mjs"></script>';
  const server = createServer((request, response) => {
    if (request.method === "POST") {
      let body = "";
      request.on("data", (part) => (body += part));
      request.on("end", () => {
        response.end();
        settle(JSON.parse(body));
      });
      return;
    }
    const path = (request.url ?? "/").split("?")[0];
    const found = path === "/" ? page : files[path];
    const type = found === undefined ? "text/plain" : path === "/" ? "text/html" : "text/javascript";
    response.writeHead(found === undefined ? 404 : 200, { ...headers, "Content-Type": type });
    response.end(found ?? "");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}/${query}`;
  const profile = `--user-data-dir=${mkdtempSync(join(folder, "profile-"))}`;
  const common = ["--headless", "--no-sandbox", "--disable-dev-shm-usage", profile];
  const browser = spawn(chromium, [...common, ...flags, url], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  browser.stderr.on("data", (part) => (said = (said + part).slice(-2000)));
  browser.on("error", (error) => settle({ error: String(error) }));
  browser.on("exit", (code) => settle({ error: `Chromium ended (${code}): ${said}` }));
  const patience = setTimeout(() => settle({ error: `nothing within ${seconds} s: ${said}` }), 1000 * seconds);
  try {
    return await result;
  } finally {
    clearTimeout(patience);
    const gone = new Promise((resolve) => browser.once("exit", resolve));
    if (browser.exitCode === null && browser.kill("SIGKILL")) await gone;
    server.closeAllConnections();
    server.close();
  }
}
