// Which token comes next: the rules of realsam_edu/generation/sampling.py, in its order:
// repetition penalty, temperature, top-k, top-p, draw.

const RECENT = 64; // tokens that the repetition penalty looks back on

/** The likeliest token; of equals the first. */
function likeliestOf(scores) {
  let best = 0;
  for (let v = 1; v < scores.length; v++) if (scores[v] > scores[best]) best = v;
  return best;
}

/** −ln of the probability that the scores give a token, in nats. */
function surprise(scores, token) {
  let [most, total] = [-Infinity, 0];
  for (let v = 0; v < scores.length; v++) if (scores[v] > most) most = scores[v];
  for (let v = 0; v < scores.length; v++) total += Math.exp(scores[v] - most);
  return Math.log(total) + most - scores[token];
}

/** Throw in one sentence if a setting is out of its range. */
function checkRules({ temperature, topK, topP, penalty }) {
  if (!(Number.isFinite(temperature) && temperature >= 0))
    throw new Error(`Temperature must be a number from 0 (always the likeliest piece) upward, such as 0.8; it is ${temperature}.`);
  if (topK !== null && !(topK >= 1)) throw new Error(`With a top-k of ${topK} nothing is left; it must be 1 or more.`);
  if (topP !== null && !(topP > 0 && topP <= 1)) throw new Error(`Top-p must be above 0 and at most 1; it is ${topP}.`);
  if (!(Number.isFinite(penalty) && penalty >= 1))
    throw new Error(`The repetition penalty must be a number from 1 (none) upward, such as 1.2; it is ${penalty}.`);
}

/** Draws tokens; its arrays are made once. */
class Sampler {
  constructor(vocab) {
    this.weights = new Float64Array(vocab);
    this.sorted = new Float64Array(vocab);
  }

  /** Weights (V,) to draw with, 0 for what may not come; reused by the next call. */
  weigh(scores, recent, { temperature, topK, topP, penalty }) {
    const w = this.weights;
    w.set(scores);
    if (penalty > 1) for (const token of new Set(recent)) w[token] = scores[token] > 0 ? scores[token] / penalty : scores[token] * penalty;
    const best = likeliestOf(w);
    const most = w[best] / temperature;
    if (temperature === 0 || !Number.isFinite(most)) return this.only(best);
    for (let v = 0; v < w.length; v++) w[v] = w[v] / temperature - most;
    if (topK !== null && topK < w.length) {
      const kth = this.ascending()[w.length - Math.floor(topK)];
      for (let v = 0; v < w.length; v++) if (w[v] < kth) w[v] = -Infinity;
    }
    for (let v = 0; v < w.length; v++) w[v] = Math.exp(w[v]);
    if (topP !== null && topP < 1) this.keepNucleus(topP);
    return w;
  }

  only(token) {
    this.weights.fill(0);
    this.weights[token] = 1;
    return this.weights;
  }

  ascending() {
    this.sorted.set(this.weights);
    return this.sorted.sort();
  }

  /** Keep the smallest set of likeliest tokens that has the share `topP`; of equals the first. */
  keepNucleus(topP) {
    const [w, sorted] = [this.weights, this.ascending()];
    const needed = topP * sorted.reduce((total, x) => total + x, 0);
    let [at, sum] = [w.length, 0];
    while (at > 0 && sum < needed) sum += sorted[--at];
    const least = sorted[at];
    let equals = 0; // how many of those as likely as the last one may stay
    for (let k = at; k < w.length && sorted[k] === least; k++) equals += 1;
    for (let v = 0; v < w.length; v++)
      if (w[v] < least || (w[v] === least && equals-- <= 0)) w[v] = 0;
  }

  /** A token, drawn with a number from [0, 1). */
  draw(scores, recent, rules, random) {
    const w = this.weigh(scores, recent, rules);
    let [total, sum, last] = [0, 0, 0];
    for (let v = 0; v < w.length; v++) total += w[v];
    for (let v = 0; v < w.length; v++) {
      if (w[v] === 0) continue;
      last = v;
      sum += w[v];
      if (sum > random * total) return v;
    }
    return last;
  }
}
