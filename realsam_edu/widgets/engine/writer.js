// Writing: the prompt is read, then one token after the other drawn from Sam's own prediction, as
// realsam_edu/generation/generate.py does it. No timers: whoever wants a token asks for it.

const WINDOW = 256; // tokens of a prompt that are read under one stress, as in Python

/** What Sam reads before it writes: a text of word pieces begins behind an end of text. */
function opening(sam, prompt) {
  const ids = sam.tokenizer.encode(prompt);
  if (sam.tokenizer.end === null) {
    if (!ids.length) throw new Error("The prompt is empty; give Sam at least one character to start from.");
    return ids;
  }
  const tokens = new Int32Array(ids.length + 1);
  tokens[0] = sam.tokenizer.end;
  tokens.set(ids, 1);
  return tokens;
}

/**
 * Writes one token after the other, without end: whoever asks stops at `ended`.
 *
 * A prompt that is text begins anew; tokens are read on from the state that Sam is in. A token is
 * read when the next one is asked for, so what fired belongs to the token before the one returned.
 */
class Writer {
  constructor(sam, prompt, { temperature = 0.8, topK = null, topP = null, penalty = 1, seed = 0, held = null, stops = null } = {}) {
    const fresh = typeof prompt === "string";
    const tokens = fresh ? opening(sam, prompt) : Int32Array.from(prompt);
    Object.assign(this, { sam, tokens, at: 0, nats: 0, token: null, cost: 0 });
    this.rules = { temperature, topK, topP, penalty }; // may be changed between two tokens
    this.stops = stops ?? (sam.tokenizer.end === null ? [] : [sam.tokenizer.end]);
    checkRules(this.rules);
    sam.held = held;
    if (fresh) sam.reset();
    this.recent = [...tokens.subarray(-RECENT)].filter((token) => !this.stops.includes(token));
    [this.random, this.sampler, this.text] = [uniform(seed), new Sampler(sam.vocab), sam.tokenizer.stream()];
  }

  /** Tokens of the prompt that are not read yet. */
  get left() {
    return this.tokens.length - this.at;
  }

  /** Read the next `most` tokens of the prompt, so that a page may do something in between. */
  read(most = Infinity) {
    const { sam, tokens } = this;
    const feels = sam.environment && sam.held === null; // else only the last scores are wanted
    for (; most > 0 && this.at < tokens.length; most--) {
      const t = this.at % WINDOW;
      if (t && feels) this.nats += surprise(sam.scores, tokens[this.at]);
      this.at += 1;
      sam.step(tokens[this.at - 1], feels || !this.left);
      if (t + 1 < WINDOW && this.left) continue;
      if (t) sam.feel(this.nats / t, t + 1);
      this.nats = 0;
    }
  }

  /** Draw the next token: {token, text, scores, probability, ended}; `text` may wait for its bytes. */
  next() {
    const { sam } = this;
    this.read();
    if (this.token !== null) {
      sam.feel(this.cost);
      sam.step(this.token);
    }
    this.token = this.sampler.draw(sam.scores, this.recent, this.rules, this.random());
    const { token } = this;
    this.recent.push(token);
    if (this.recent.length > RECENT) this.recent.shift();
    this.cost = surprise(sam.scores, token); // in nats
    const [probability, ended] = [Math.exp(-this.cost), this.stops.includes(token)];
    return { token, text: this.text(token), scores: sam.scores, probability, ended };
  }
}

/** A Writer; `writing(sam, prompt, options).next()` gives one token. */
const writing = (sam, prompt, options) => new Writer(sam, prompt, options);
