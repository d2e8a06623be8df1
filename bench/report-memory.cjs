// Preloaded by end-to-end.mjs: says at the end, on standard error, how much memory the process had at most.
process.on("exit", () => {
  process.stderr.write(`${JSON.stringify({ peakMiB: process.resourceUsage().maxRSS / 1024 })}\n`);
});
