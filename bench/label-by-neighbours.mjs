/**
 * The label that most of the three nearest real pictures have; the nearest decides where all differ.
 *
 * @param pictures { data [rows * points], labels [rows] }
 * @returns (values, at) -> label of picture `at` of values [n * points]
 */
export function labelByNeighbours({ data, labels }, points) {
  return (values, at) => {
    const nearest = [];
    for (let j = 0; j < labels.length; j++) {
      const worst = nearest.length === 3 ? nearest[2][0] : Infinity;
      let distance = 0;
      for (let k = 0; k < points && distance < worst; k++)
        distance += (values[at * points + k] - data[j * points + k]) ** 2;
      if (distance >= worst) continue;
      nearest.push([distance, labels[j]]);
      nearest.sort((a, b) => a[0] - b[0]).splice(3);
    }
    const [first, second, third] = nearest.map(([, label]) => label);
    return second === third ? second : first;
  };
}
