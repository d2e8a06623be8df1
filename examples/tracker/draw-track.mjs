/** Colours of the regimes: steady, manoeuvring (told apart by people who confuse red and green). */
const colours = ["#0072b2", "#d55e00"];

/**
 * The track as SVG: sightings as dots, the truth as a thin line, the filtered path coloured by the more probable regime,
 * and now and then an ellipse that holds the position with probability 0.95.
 */
export function drawTrack({ path, seen, truth }) {
  const places = [...path.map(({ place }) => place), ...seen.filter((place) => place !== null)];
  const [west, east] = [Math.min(...places.map(([x]) => x)), Math.max(...places.map(([x]) => x))];
  const [south, north] = [Math.min(...places.map(([, y]) => y)), Math.max(...places.map(([, y]) => y))];
  const margin = 24;
  const scale = Math.min(900 / (east - west), 640 / (north - south));
  const width = Math.max(780, Math.ceil((east - west) * scale + 2 * margin));
  const height = Math.ceil((north - south) * scale + 2 * margin + 34);
  const x = (value) => ((value - west) * scale + margin).toFixed(1);
  const y = (value) => ((north - value) * scale + margin).toFixed(1);
  const line = (points) => points.map(([a, b]) => `${x(a)},${y(b)}`).join(" ");
  const regimeOf = ({ turning }) => (turning > 0.5 ? 1 : 0);

  const runs = [];
  for (const [i, step] of path.entries()) {
    const last = runs.at(-1);
    if (last !== undefined && last.regime === regimeOf(step)) last.points.push(step.place);
    else runs.push({ regime: regimeOf(step), points: [...(i > 0 ? [path[i - 1].place] : []), step.place] });
  }
  const dots = seen.flatMap((place) =>
    place === null ? [] : [`<circle cx="${x(place[0])}" cy="${y(place[1])}" r="1.8"/>`],
  );
  const ellipses = path.flatMap(({ place, covariance: [a, b, , d] }, i) => {
    if (i % 20 !== 10) return [];
    const middle = (a + d) / 2;
    const off = Math.hypot((a - d) / 2, b);
    // 5.991: what a chi-squared variable of two degrees of freedom is below with probability 0.95.
    const [major, minor] = [middle + off, middle - off].map((v) =>
      (Math.sqrt(5.991 * Math.max(0, v)) * scale).toFixed(1),
    );
    const angle = (-0.5 * Math.atan2(2 * b, a - d) * 180) / Math.PI;
    const at = `${x(place[0])} ${y(place[1])}`;
    return [`<ellipse rx="${major}" ry="${minor}" transform="translate(${at}) rotate(${angle.toFixed(1)})"/>`];
  });
  const legend = [
    { text: "steady", mark: `<line x2="26" stroke="${colours[0]}" stroke-width="3"/>` },
    { text: "manoeuvring", mark: `<line x2="26" stroke="${colours[1]}" stroke-width="3"/>` },
    { text: "sighting", mark: `<circle cx="13" r="2.4" fill="#999"/>` },
    { text: "true path", mark: `<line x2="26" stroke="#222" stroke-width="1" stroke-dasharray="3 3"/>` },
    {
      text: "95 % of the position",
      mark: `<ellipse cx="13" rx="12" ry="6" fill="#888" fill-opacity="0.15" stroke="#777"/>`,
    },
  ].map(
    ({ text, mark }, i) =>
      `<g transform="translate(${margin + i * 140} ${height - 18})">${mark}<text x="33" y="4">${text}</text></g>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<title>A track, followed one sighting at a time</title>
<rect width="${width}" height="${height}" fill="white"/>
<g fill="#999">${dots.join("")}</g>
<g fill="#888" fill-opacity="0.15" stroke="#777" stroke-width="0.8">${ellipses.join("")}</g>
${runs.map(({ regime, points }) => `<polyline points="${line(points)}" fill="none" stroke="${colours[regime]}" stroke-width="2.6" stroke-linejoin="round"/>`).join("\n")}
<polyline points="${line(truth.map(({ place }) => place))}" fill="none" stroke="#222" stroke-width="1" stroke-dasharray="3 3"/>
${legend.join("\n")}
</svg>
`;
}
