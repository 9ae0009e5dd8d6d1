// What the tests ask of the engine, in node and in a page: put behind its files as one module.

let sam; // the one that `open` loaded

const toBase64 = (array) => {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  let text = "";
  for (let at = 0; at < bytes.length; at += 8190) text += String.fromCharCode(...bytes.subarray(at, at + 8190));
  return btoa(text);
};
const fromBase64 = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
const room = (n) => ({ all: new Float64Array(n), at: 0 });
const keep = (kept, values) => (kept.all.set(values, kept.at), (kept.at += values.length));

/** Load a file; return what it says of itself. */
function open({ b64, shift = 0 }) {
  const bytes = fromBase64(b64);
  const moved = new Uint8Array(bytes.length + shift);
  moved.set(bytes, shift);
  sam = loadSam(moved.subarray(shift));
  const { name, card, populations, sizes, feels, stress, held, heldOut } = sam;
  return { name, card, populations, sizes, feels, stress, held, heldOut: [...heldOut], kind: sam.tokenizer.kind };
}

/** Read a prompt, then take the likeliest token `n` times; scores, spikes and stress of each step. */
function walk({ prompt, n, held = null, forced = null, clamps = [] }) {
  const total = sam.populations.reduce((sum, { neurons }) => sum + neurons, 0);
  const [scores, spikes, tokens, stress] = [room((n + 1) * sam.vocab), room((n + 1) * total), [], []];
  for (const [layer, neuron, value] of clamps)
    neuron === null ? sam.clampLayer(layer, value) : sam.clamp(layer, neuron, value);
  const note = () => {
    keep(scores, sam.scores);
    sam.fired.forEach((fired) => keep(spikes, fired));
    stress.push(sam.stress);
  };
  const writer = writing(sam, prompt, { temperature: 0, held });
  writer.read();
  note();
  for (let k = 0; k < n; k++) {
    const token = forced ? forced[k] : likeliestOf(sam.scores);
    tokens.push(token);
    sam.feel(surprise(sam.scores, token));
    sam.step(token);
    note();
  }
  sam.populations.forEach((_, layer) => sam.clampLayer(layer, null));
  sam.held = null;
  return { tokens, stress, scores: toBase64(scores.all), spikes: toBase64(Uint8Array.from(spikes.all)) };
}

/** What a writer writes, with its options. */
function write({ prompt, n, pieces = null, ...options }) {
  const writer = writing(sam, prompt, options);
  while (pieces && writer.left) writer.read(pieces);
  const drawn = Array.from({ length: n }, () => {
    const { token, text, probability, ended } = writer.next();
    return { token, text, probability, ended };
  });
  sam.held = null;
  return drawn;
}

/** Go on twice from a state that went through JSON; a stranger's state is told. */
function saved({ prompt, n, held = null }) {
  const writer = writing(sam, prompt, { temperature: 0, held });
  for (let k = 0; k < 20; k++) writer.next();
  const state = JSON.parse(JSON.stringify(sam.save()));
  const go = () => Array.from({ length: n }, () => {
    const token = likeliestOf(sam.scores);
    sam.feel(surprise(sam.scores, token));
    return [token, ...sam.step(token).slice(0, 5), sam.stress];
  });
  const first = go();
  sam.reset();
  sam.restore(state);
  return [first, go()];
}

const restore = ({ state }) => sam.restore(state);
const sizeOfState = () => JSON.stringify(sam.save()).length;
const loss = ({ tokens, held = null }) => {
  sam.held = held;
  const before = JSON.stringify(sam.save());
  const nats = tokens ? sam.loss(Int32Array.from(tokens)) : sam.loss();
  const kept = JSON.stringify(sam.save()) === before;
  sam.held = null;
  return { nats, kept };
};
const misuse = ({ code }) => {
  const wrong = {
    token: () => sam.step(sam.vocab),
    half: () => sam.step(0.5),
    layer: () => sam.clamp(99, 0, 1),
    neuron: () => sam.clamp(0, 1e6, 1),
    value: () => sam.clamp(0, 0, 2),
    held: () => (sam.held = 2),
    nan: () => (sam.held = NaN),
    empty: () => opening(sam, ""),
  };
  wrong[code]();
};

/** How many tokens a prompt makes, and the first two. */
const begun = ({ prompt }) => {
  const tokens = opening(sam, prompt);
  return [tokens.length, ...tokens.slice(0, 2)];
};

/** Encode texts given as lists of UTF-16 units, so that anything can be sent. */
const encode = ({ texts }) => texts.map((units) => {
  let text = "";
  for (let at = 0; at < units.length; at += 8192) text += String.fromCharCode(...units.slice(at, at + 8192));
  return [...sam.tokenizer.encode(text)];
});
const decode = ({ lists }) => lists.map((ids) => sam.tokenizer.decode(ids));
const streamed = ({ lists }) => lists.map((ids) => ids.map(sam.tokenizer.stream()));

/** Which tokens may be drawn, and how often each of them is. */
function sample({ scores, recent, rules, draws = 0, seed = 0 }) {
  checkRules(rules);
  const sampler = new Sampler(scores.length);
  const weights = sampler.weigh(Float64Array.from(scores), recent, rules);
  const total = weights.reduce((sum, x) => sum + x, 0);
  const p = Array.from(weights, (x) => x / total);
  const random = uniform(seed);
  const count = new Array(scores.length).fill(0);
  for (let k = 0; k < draws; k++) count[sampler.draw(Float64Array.from(scores), recent, rules, random())] += 1;
  return { p, count };
}

/** Tokens per second of writing, after a warm-up. */
function speed({ prompt, n }) {
  const writer = writing(sam, prompt, { seed: 1 });
  for (let k = 0; k < n; k++) writer.next();
  const before = performance.now();
  for (let k = 0; k < n; k++) writer.next();
  return n / ((performance.now() - before) / 1000);
}

export { begun, decode, encode, loss, misuse, open, restore, sample, saved, sizeOfState, speed, streamed, walk, write };
