/**
 * Optimal-string-alignment distance (Damerau-Levenshtein without overlapping transpositions): the least number of
 * insertions, deletions, substitutions and swaps of neighbours that turn one word into the other.
 *
 * @source Damerau 1964; Boytsov 2011, section 2.3
 */
export function editDistance(first: string, second: string): number {
  const columns = second.length + 1;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: columns }, (_, j) => j);
  for (let i = 1; i <= first.length; i++) {
    const current = [i];
    for (let j = 1; j < columns; j++) {
      const substitution = first[i - 1] === second[j - 1] ? 0 : 1;
      let best = Math.min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + substitution);
      if (i > 1 && j > 1 && first[i - 1] === second[j - 2] && first[i - 2] === second[j - 1]) {
        best = Math.min(best, beforePrevious[j - 2] + 1);
      }
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[columns - 1];
}

/** How many edits still look like a slip: none for one or two letters, then a third of the word. */
function allowedEdits(word: string): number {
  return word.length <= 2 ? 0 : Math.max(1, Math.floor(word.length / 3));
}

/** The candidate a misspelt word most likely stood for, if one is near enough; the first of equals. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const folded = word.toLowerCase();
  const limit = allowedEdits(word);
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    if (candidate === word || Math.abs(candidate.length - word.length) > limit) continue;
    const distance = editDistance(folded, candidate.toLowerCase());
    if (distance <= limit && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}
