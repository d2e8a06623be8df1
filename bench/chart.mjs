// The results as a picture: one line a case, one dot a side, on a logarithmic axis of seconds per iteration.
const colours = { genc: ["#0b7285", "#15aabf", "#66d9e8"], "scikit-learn": ["#e8590c"], JAX: ["#862e9c"] };
const rowHeight = 26;
const left = 235;
const right = 190;
const width = 900;
const top = 96;

export function chart({ machine, threads, results }) {
  const measured = results.filter(({ sides }) => sides.some(({ error }) => error === undefined));
  const shown = [...measured].sort(byFamily);
  const all = shown.flatMap(({ sides }) => sides.flatMap((side) => side.secondsPerIteration ?? []));
  const low = Math.floor(Math.log10(Math.min(...all, 1)));
  const high = Math.ceil(Math.log10(Math.max(...all, 1e-3)));
  const x = (seconds) => left + ((Math.log10(seconds) - low) / Math.max(1, high - low)) * (width - left - right);
  const height = top + rowHeight * shown.length + 46;
  const keys = legend(shown);
  const lines = shown.flatMap((result, i) => row(result, top + rowHeight * (i + 0.5), x, keys));
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => low + i).flatMap((power) => [
    `<line x1="${x(10 ** power)}" y1="${top - 6}" x2="${x(10 ** power)}" y2="${height - 40}" stroke="#dee2e6"/>`,
    text(x(10 ** power), height - 22, secondsText(10 ** power), 'text-anchor="middle" fill="#495057"'),
  ]);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(16, 26, "Seconds per EM iteration", 'font-size="17" font-weight="600" fill="#212529"'),
    text(
      16,
      46,
      `float64, ${threads} threads, ${machine.processor}; medians, sides measured in turn. Right: how many times as long as the faster genc.`,
      'fill="#495057"',
    ),
    ...keys.flatMap(({ label, colour }, i) => [
      `<circle cx="${24 + 150 * i}" cy="68" r="5" fill="${colour}"/>`,
      text(34 + 150 * i, 72, label, 'fill="#212529"'),
    ]),
    ...ticks,
    ...lines,
    "</svg>",
    "",
  ].join("\n");
}

function byFamily(a, b) {
  const family = ({ size }) => `${size.task === "gmm" ? "0" : "1"}${size.covariance ?? size.task}`;
  return family(a).localeCompare(family(b)) || a.size.n - b.size.n || a.size.d - b.size.d || a.size.k - b.size.k;
}

/** One entry a side and version, in the order in which they were measured. */
function legend(results) {
  const keys = [];
  for (const { side, version, error } of results.flatMap(({ sides }) => sides)) {
    if (error !== undefined || keys.some((key) => key.side === side && key.version === version)) continue;
    const colour = (colours[side] ?? ["#868e96"])[keys.filter((key) => key.side === side).length] ?? "#868e96";
    keys.push({
      side,
      version,
      colour,
      label: side === "genc" ? `genc, Node ${version.slice(1)}` : `${side} ${version}`,
    });
  }
  return keys;
}

function row({ name, sides }, y, x, keys) {
  const shown = sides.filter(({ error }) => error === undefined);
  const places = shown.map(({ secondsPerIteration }) => x(secondsPerIteration));
  const genc = shown.filter(({ side }) => side === "genc");
  const fastest = Math.min(...genc.map(({ secondsPerIteration }) => secondsPerIteration));
  const ratios = ["scikit-learn", "JAX"].flatMap((peer, column) => {
    const found = shown.find(({ side }) => side === peer);
    if (found === undefined || genc.length === 0) return [];
    const ratio = `${peer} ${(found.secondsPerIteration / fastest).toFixed(1)}`;
    return [text(width - right + 20 + 100 * column, y + 4, ratio, 'fill="#495057" font-size="11"')];
  });
  return [
    text(16, y + 4, name, 'fill="#212529"'),
    `<line x1="${Math.min(...places)}" y1="${y}" x2="${Math.max(...places)}" y2="${y}" stroke="#ced4da" stroke-width="2"/>`,
    ...shown.map(({ side, version }, i) => {
      const colour = keys.find((key) => key.side === side && key.version === version)?.colour;
      return `<circle cx="${places[i].toFixed(1)}" cy="${y}" r="5" fill="${colour}"/>`;
    }),
    ...ratios,
  ];
}

function secondsText(seconds) {
  if (seconds >= 1) return `${seconds} s`;
  if (seconds >= 1e-3) return `${Math.round(seconds * 1e3)} ms`;
  return `${Math.round(seconds * 1e6)} µs`;
}

function text(x, y, content, attributes) {
  const escaped = String(content).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}" ${attributes}>${escaped}</text>`;
}
