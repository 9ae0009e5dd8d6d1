// Sam in the page, event by event: for each neuron that fired its row of bytes is added, and no
// other weight is touched. Only LayerNorm, head and tied table meet real numbers.
//
// The file is that of realsam_edu/generation/browser.py, the step that of `wiring()`. All numbers
// are doubles, as JavaScript's are: sums of bytes are exact, the rest is so close to PyTorch in
// float64 that no membrane is on the other side of its threshold.

const FREE = -1; // a neuron that nobody holds
const STRETCH = 64; // tokens of a measured text that are read under one stress, as in `evaluate`

/** out = Σ rows of the first `count` of `ids`, in whole numbers. The heart of it all. */
function addRows(rows, width, ids, count, out) {
  out.fill(0);
  let k = 0;
  for (; k + 3 < count; k += 4) {
    const a = ids[k] * width, b = ids[k + 1] * width, c = ids[k + 2] * width, d = ids[k + 3] * width;
    for (let j = 0; j < width; j++) out[j] += rows[a + j] + rows[b + j] + rows[c + j] + rows[d + j];
  }
  for (; k < count; k++) {
    const a = ids[k] * width;
    for (let j = 0; j < width; j++) out[j] += rows[a + j];
  }
}

/** A matrix that real numbers meet; `times(x)` returns the product, in an array that is reused. */
class Dense {
  constructor({ q, scale }, array) {
    const [whole, scales] = [array(q), array(scale)];
    this.rows = scales.length;
    const width = whole.length / this.rows;
    const panels = Math.ceil(this.rows / 8); // the numbers of eight rows stand side by side
    this.panels = new Float32Array(8 * panels * width);
    for (let r = 0; r < this.rows; r++) {
      const first = (r >> 3) * 8 * width + (r & 7);
      for (let j = 0; j < width; j++) this.panels[first + 8 * j] = whole[r * width + j] * scales[r]; // exact
    }
    this.out = new Float64Array(8 * panels);
    this.size = whole.length;
  }

  times(x) {
    const { panels, out } = this;
    const width = x.length;
    for (let r = 0, at = 0; r < out.length; r += 8) {
      let a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
      for (let j = 0; j < width; j++, at += 8) {
        const y = x[j];
        a += panels[at] * y;
        b += panels[at + 1] * y;
        c += panels[at + 2] * y;
        d += panels[at + 3] * y;
        e += panels[at + 4] * y;
        f += panels[at + 5] * y;
        g += panels[at + 6] * y;
        h += panels[at + 7] * y;
      }
      out[r] = a;
      out[r + 1] = b;
      out[r + 2] = c;
      out[r + 3] = d;
      out[r + 4] = e;
      out[r + 5] = f;
      out[r + 6] = g;
      out[r + 7] = h;
    }
    return out;
  }
}

class LayerNorm {
  constructor({ weight, bias, eps }, array) {
    [this.weight, this.bias, this.eps] = [Float64Array.from(array(weight)), Float64Array.from(array(bias)), eps];
    this.out = new Float64Array(this.weight.length);
  }

  of(x) {
    const { weight, bias, out } = this;
    const n = x.length;
    let [mean, spread] = [0, 0];
    for (let i = 0; i < n; i++) mean += x[i];
    mean /= n;
    for (let i = 0; i < n; i++) spread += (x[i] - mean) ** 2;
    const scale = 1 / Math.sqrt(spread / n + this.eps);
    for (let i = 0; i < n; i++) out[i] = (x[i] - mean) * scale * weight[i] + bias[i];
    return out;
  }
}

/** Recurrent LIF neurons, and the rows of all that their spikes reach: themselves first. */
class Population {
  constructor(part, array, sums) {
    const doubles = (place) => Float64Array.from(array(place));
    Object.assign(this, { name: part.name, neurons: part.neurons, reads: sums[part.reads] });
    this.norm = new LayerNorm(part.norm, array);
    [this.beta, this.thr] = [doubles(part.beta), doubles(part.thr)];
    this.diversity = part.diversity && doubles(part.diversity);
    this.rows = array(part.rows.q); // (N, K) bytes
    this.scale = doubles(part.rows.scale); // (K,)
    this.reach = this.scale.length; // additions that one spike causes
    this.added = new Int32Array(this.reach);
    let at = part.neurons;
    this.synapses = part.synapses.map(({ to, size, gate }) => {
      const one = { total: sums[to], at, bias: gate && doubles(gate) };
      at += gate ? 2 * size : size;
      return one;
    });
    // multiply-adds beside the matrices, as inside/energy.py counts them
    this.beside = part.neurons * (this.diversity ? 5 : 4) + this.synapses.reduce((sum, { bias }) => sum + (bias?.length ?? 0), 0);
    this.mem = new Float64Array(part.neurons);
    this.fired = new Uint8Array(part.neurons);
    this.held = new Int8Array(part.neurons).fill(FREE);
    this.ids = new Int32Array(part.neurons);
  }

  /** One step (Eq. 1 and 2) on the sum it reads; what the spikes cause is added to later sums. */
  advance(stress) {
    const { mem, fired, beta, thr, scale, added, held, diversity } = this;
    const cur = this.norm.of(this.reads);
    for (let i = 0; i < mem.length; i++) {
      const gain = diversity ? 1 + stress * diversity[i] : 1; // Eq. 4
      const reset = mem[i] > thr[i] && held[i] !== 0 ? thr[i] : 0; // who is silenced is never reset
      mem[i] = beta[i] * mem[i] + gain * cur[i] + added[i] * scale[i] - reset;
      fired[i] = held[i] === FREE ? +(mem[i] > thr[i]) : held[i];
    }
    this.send();
    for (const { total, at, bias } of this.synapses) {
      const size = total.length;
      for (let j = 0; j < size; j++) {
        let caused = added[at + j] * scale[at + j];
        if (bias) caused /= 1 + Math.exp(-(added[at + size + j] * scale[at + size + j] + bias[j]));
        total[j] += caused;
      }
    }
  }

  /** Add up the rows of the neurons that fired. */
  send() {
    let count = 0;
    for (let i = 0; i < this.neurons; i++) if (this.fired[i]) this.ids[count++] = i;
    addRows(this.rows, this.reach, this.ids, count, this.added);
  }

  load(mem, fired) {
    this.mem.set(mem);
    this.fired.set(fired);
    this.send();
  }
}

/** Scores from a sum of real numbers: LayerNorm, head, tied table, all dense. */
class Readout {
  constructor({ reads, norm, head, scale }, table, array, sums) {
    [this.reads, this.norm, this.scale] = [sums[reads], new LayerNorm(norm, array), scale];
    [this.head, this.table] = [new Dense(head, array), new Dense(table, array)];
    this.seen = new Float64Array(this.head.rows);
    this.size = this.head.size + this.table.size; // weights that real numbers meet
  }

  read() {
    const head = this.head.times(this.norm.of(this.reads));
    for (let e = 0; e < this.seen.length; e++) this.seen[e] = head[e] * this.scale;
    return this.table.times(this.seen);
  }
}

/** What a token adds to the sums: the columns of its spikes, looked up from the second time on. */
class Encoder {
  constructor({ inputs, table, embed }, array, sums) {
    [this.table, this.embed] = [array(table.q), embed]; // a row fires where it is positive
    [this.rows, this.scale] = [array(inputs.rows.q), Float64Array.from(array(inputs.rows.scale))];
    this.sums = inputs.sums.map(({ to }) => sums[to]);
    [this.known, this.ids] = [new Map(), new Int32Array(embed)];
  }

  start(token) {
    let added = this.known.get(token);
    if (!added) this.known.set(token, (added = this.added(token)));
    let at = 0;
    for (const total of this.sums) {
      for (let j = 0; j < total.length; j++, at++) total[j] = added[at] * this.scale[at];
    }
  }

  added(token) {
    const [out, first] = [new Int32Array(this.scale.length), token * this.embed];
    let count = 0;
    for (let e = 0; e < this.embed; e++) if (this.table[first + e] > 0) this.ids[count++] = e;
    addRows(this.rows, out.length, this.ids, count, out);
    return out;
  }
}

/** A Sam that reads one token after the other; `fired`, `mem`, `scores` are of the last step. */
class Sam {
  constructor(header, array) {
    const { name, card, wiring, tokenizer, environment, held_out } = header;
    const { vocab, embed, scores, inputs, readout, table } = wiring;
    const sums = { [scores]: new Float64Array(vocab) };
    for (const { to, size } of inputs.sums) sums[to] = new Float64Array(size);
    Object.assign(this, { name, card, vocab, environment, heldOut: Int32Array.from(held_out) });
    this.tokenizer = tokenizer.kind === "characters"
      ? new CharacterTokenizer(tokenizer)
      : new BytePairTokenizer(tokenizer, array(tokenizer.merges));
    this.said = sums[scores]; // what spikes say of the next token, from the bias on
    this.bias = Float64Array.from(array(wiring.bias));
    this.encoder = new Encoder(wiring, array, sums);
    this.layers = wiring.populations.map((part) => new Population(part, array, sums));
    this.readout = readout && new Readout(readout, table, array, sums);
    this.scores = new Float64Array(vocab);
    this.feels = this.layers.some(({ diversity }) => diversity); // does stress change anything?
    this.populations = this.layers.map(({ name, neurons }) => ({ name, neurons }));
    this.sizes = {
      populations: this.layers.map(({ name, neurons, reach }) => ({ name, neurons, reach })),
      inputs: this.encoder.rows.length,
      real: this.readout ? this.readout.size : 0,
      beside: this.layers.reduce((sum, layer) => sum + layer.beside, this.readout ? 3 * this.readout.reads.length : 0),
      embed, vocab,
    };
    for (const what of ["fired", "mem", "thr"]) this[what] = this.layers.map((layer) => layer[what]);
    this.holding = null;
    this.reset();
  }

  /** Silence, and full stress: nothing is known yet. What is clamped or held stays so. */
  reset() {
    for (const layer of this.layers) layer.load(new Float64Array(layer.neurons), new Uint8Array(layer.neurons));
    this.stress = this.holding ?? this.environment?.stress ?? 0;
    this.scores.fill(0);
  }

  /** Read a token; return the scores of the next, (V,), reused. Without `scored` they stay as they were. */
  step(token, scored = true) {
    if (!(Number.isInteger(token) && token >= 0 && token < this.vocab))
      throw new Error(`There is no token ${token}; this model has ${this.vocab}, counted from 0.`);
    this.said.set(this.bias);
    this.encoder.start(token);
    for (const layer of this.layers) layer.advance(this.stress);
    if (!scored) return this.scores;
    const { said, scores } = this;
    if (!this.readout) scores.set(said);
    else for (let read = this.readout.read(), v = 0; v < scores.length; v++) scores[v] = said[v] + read[v];
    return scores;
  }

  /** The stress it is held at, a number from 0 to 1; null lets it feel, from the present stress on. */
  get held() {
    return this.holding;
  }

  set held(stress) {
    if (stress !== null && !this.feels) throw new Error("Only V4 has an environment; leave the stress out for this model.");
    if (stress !== null && !(stress >= 0 && stress <= 1)) throw new Error(`Stress is ${stress}; it has to be between 0 and 1.`);
    this.holding = stress;
    this.stress = stress ?? this.stress;
  }

  /** Move the stress by the mean surprise of some tokens, in nats; see Python's `update_stress`. */
  feel(nats, tokens = 1) {
    if (!this.environment || this.holding !== null) return;
    const level = Math.min(1, Math.max(0, nats / Math.log(this.vocab)));
    const kept = Math.exp(-tokens / this.environment.memory);
    this.stress = kept * this.stress + (1 - kept) * level;
  }

  /** Hold the spikes of a neuron at 0 or 1 at every step; null frees it. */
  clamp(layer, neuron, value) {
    const { held } = this.operable(layer, value);
    if (!(neuron in held)) throw new Error(`Layer ${layer} has no neuron ${neuron}; its neurons are 0 to ${held.length - 1}.`);
    held[neuron] = value ?? FREE;
  }

  /** The same for a whole layer. */
  clampLayer(layer, value) {
    this.operable(layer, value).held.fill(value ?? FREE);
  }

  operable(layer, value) {
    if (!(layer in this.layers)) throw new Error(`There is no layer ${layer}; this model has ${this.layers.length}, counted from 0.`);
    if (![0, 1, null].includes(value)) throw new Error(`A spike is 0 or 1; it cannot be held at ${value}.`);
    return this.layers[layer];
  }

  /** The state as plain numbers (for JSON): it grows with no text. What is clamped is no state. */
  save() {
    const layers = this.layers.map(({ mem, fired }) => ({ mem: [...mem], fired: [...fired] }));
    return { name: this.name, layers, stress: this.stress, held: this.held, scores: [...this.scores] };
  }

  /** Go on from what `save` returned. */
  restore({ name, layers, stress, held, scores }) {
    const fits = name === this.name && layers?.length === this.layers.length && scores?.length === this.vocab;
    if (!fits || !layers.every(({ mem }, l) => mem.length === this.layers[l].neurons))
      throw new Error(`This was saved by another Sam (${name}); this one is ${this.name}.`);
    layers.forEach(({ mem, fired }, l) => this.layers[l].load(mem, fired));
    this.scores.set(scores);
    [this.holding, this.stress] = [held, stress];
  }

  /** Nats per token of a text, from silence, as `training.evaluate` measures it; the state stays. */
  loss(tokens = this.heldOut) {
    const steps = this.losing(tokens);
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
    }
  }

  /** The same token by token, so that a page may do something in between: a generator. */
  *losing(tokens = this.heldOut) {
    const before = this.save();
    let [nats, stretch] = [0, 0];
    try {
      this.reset();
      for (let t = 0; t + 1 < tokens.length; t++) {
        this.step(tokens[t]);
        stretch += surprise(this.scores, tokens[t + 1]);
        const size = (t % STRETCH) + 1;
        if (size === STRETCH || t + 2 === tokens.length) {
          this.feel(stretch / size, size);
          nats += stretch;
          stretch = 0;
        }
        yield t;
      }
    } finally {
      this.restore(before);
    }
    return nats / (tokens.length - 1);
  }
}

/** Read the file of `realsam export`: bytes in, a Sam out. Throws one sentence if it is no good. */
function loadSam(bytes) {
  let data = toBytes(bytes);
  if (data.byteOffset % 8) data = data.slice(); // arrays have to begin at a multiple of 8
  const { header, start } = openFile(data);
  return new Sam(header, arraysOf(data, start));
}
