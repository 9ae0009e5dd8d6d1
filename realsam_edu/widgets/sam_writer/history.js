// The last steps of a brain: every spike and membrane, and what was read and expected at each.

const KEPT = 320; // steps

function pastOf(populations) {
  const starts = populations.map((_, l) => populations.slice(0, l).reduce((sum, p) => sum + p.neurons, 0));
  const total = populations.reduce((sum, p) => sum + p.neurons, 0);
  const spk = new Uint8Array(KEPT * total);
  const mem = new Float32Array(KEPT * total);
  const about = [];
  let [count, name] = [0, uid("past")]; // another text has another name
  const place = (c, l) => (c % KEPT) * total + starts[l];
  return {
    total, populations,
    count: () => count,
    first: () => Math.max(0, count - KEPT),
    /** Keep a step: spikes and membranes of each layer, and what is to be said about it. */
    push(sam, what) {
      const rates = populations.map(({ neurons }, l) => {
        spk.set(sam.fired[l], place(count, l));
        mem.set(sam.mem[l], place(count, l));
        return sam.fired[l].reduce((sum, s) => sum + s, 0) / neurons;
      });
      const rate = rates.reduce((sum, r, l) => sum + r * populations[l].neurons, 0) / total;
      about[count % KEPT] = { ...what, column: count, rates, rate };
      count += 1;
      return about[(count - 1) % KEPT];
    },
    about: (c) => about[c % KEPT],
    fired: (c, l) => spk.subarray(place(c, l), place(c, l) + populations[l].neurons),
    membrane: (c, l, n) => mem[place(c, l) + n],
    name: () => name,
    clear() {
      [count, name] = [0, uid("past")];
    },
  };
}

/** The likeliest `wide` tokens after some scores, with their probabilities. */
function likeliest(scores, wide) {
  const ids = [];
  let most = -Infinity;
  for (let v = 0; v < scores.length; v++) {
    if (scores[v] > most) most = scores[v];
    if (ids.length === wide && scores[v] <= scores[ids[wide - 1]]) continue;
    let at = Math.min(ids.length, wide - 1);
    for (; at > 0 && scores[ids[at - 1]] < scores[v]; at--) ids[at] = ids[at - 1];
    ids[at] = v;
  }
  let sum = 0;
  for (let v = 0; v < scores.length; v++) sum += Math.exp(scores[v] - most);
  return { ids, p: ids.map((v) => Math.exp(scores[v] - most) / sum) };
}
