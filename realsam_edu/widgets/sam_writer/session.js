// Reading, writing and turns, one token at a time; and what of it is remembered for the pictures.

const READY = 0.5; // what it costs to have read the prompt: a job may stop here
const SLICE = 4000; // characters that are cut into tokens at once
const STRETCH_TIME = 4; // milliseconds of reading that are one step where a long text is read
const EXPECTED = 8; // next tokens that are shown
const LONGEST = 120; // tokens of a reply, as in generation/chat.py
const SIGNS = ["■", "you:", "sam:"]; // how the tokens of `tokenizer.stops` are shown

/** Tokens of a text behind `before`, found slice by slice; a slice ends where a word begins. */
function* encoded(sam, text, before = []) {
  const { tokenizer } = sam;
  if (tokenizer.end === null) return tokenizer.encode(text);
  const ids = [...before];
  for (let at = 0; at < text.length; ) {
    let to = at + SLICE;
    while (to < text.length && !(text[to] === " " && /\S/.test(text[to - 1]))) to += 1;
    for (const id of tokenizer.encode(text.slice(at, to))) ids.push(id);
    at = to;
    yield 0;
  }
  return Int32Array.from(ids);
}

const rulesOf = (model) => ({
  temperature: model.get("temperature"), topK: model.get("top_k") || null,
  topP: model.get("top_p") < 1 ? model.get("top_p") : null, penalty: model.get("repetition_penalty"),
});

/**
 * Sam and what he lately read. `told` hears of `step(what)`, a token read; `given(text, column)` and
 * `wrote(text, column)`, a token that appears; `far(read, of)`; `held()` is asked for the operations.
 */
function sessionOf(sam, past, model, told) {
  const { tokenizer } = sam;
  let [writer, turns] = [null, 0];
  const options = (seed) => ({ ...rulesOf(model), seed, held: sam.feels ? model.get("stress") : null });
  const shown = (token, text) => SIGNS[tokenizer.stops.indexOf(token)] ?? text;
  const note = (token, text, kind, stress, scored) => {
    const top = scored && likeliest(sam.scores, EXPECTED);
    const expected = top && { ids: top.ids, p: top.p, tokens: top.ids.map((id) => shown(id, tokenizer.decode([id]))) };
    told.step(past.push(sam, { text: shown(token, text), kind, stress, held: told.held(), top: expected || null }));
  };
  /** Note which token was drawn after the newest column. */
  const drew = (token, text) => {
    const what = past.about(past.count() - 1);
    what.next = shown(token, text);
    what.came = what.top?.ids.indexOf(token) ?? -1;
  };
  function* reading() {
    const spell = tokenizer.stream();
    const of = writer.left;
    while (writer.left) {
      const late = performance.now() + STRETCH_TIME;
      let token, stress, text = "";
      do {
        [token, stress] = [writer.tokens[writer.at], sam.stress];
        writer.read(1);
        text += tokenizer.stops.includes(token) ? "" : spell(token);
      } while (writer.left > KEPT && performance.now() < late); // of a long text the end is shown whole
      told.given(text, past.count());
      note(token, text, "read", stress, sam.feels || writer.left === 0);
      told.far(of - writer.left, of);
      yield 0;
    }
    yield READY;
  }
  let last = ""; // the text of `writer.token`
  function* writing(longest = Infinity) {
    for (let n = 0; ; n++) {
      Object.assign(writer.rules, rulesOf(model));
      const [before, stress] = [writer.token, sam.stress];
      const { token, text, ended } = writer.next();
      if (before !== null) note(before, last, "wrote", stress, true);
      drew(token, text);
      if (ended) return;
      if (n === longest) return (writer.token = null);
      told.wrote(text, past.count());
      last = text;
      yield 1;
    }
  }
  /** A text from silence: the prompt is read, then Sam goes on until he ends it. */
  function* text(prompt, seed) {
    sam.reset();
    if (!prompt) opening(sam, prompt); // V1 has a sentence to say about that
    const ids = yield* encoded(sam, prompt, tokenizer.end === null ? [] : [tokenizer.end]);
    writer = new Writer(sam, ids, options(seed));
    yield* reading();
    told.turn("sam");
    yield* writing();
  }
  /** Read what was drawn and shown, and not yet read when the writing was stopped. */
  const finish = () => {
    const token = writer?.token ?? null;
    if (token === null || tokenizer.stops.includes(token)) return;
    const { stress } = sam;
    sam.feel(surprise(sam.scores, token));
    sam.step(token);
    writer.token = null;
    note(token, last, "wrote", stress, true);
  };
  /** A turn of the reader and Sam's answer; all that was said before is in the state alone. */
  function* turn(words, seed) {
    finish();
    const ids = yield* encoded(sam, words.trim(), turns === 0 ? [tokenizer.end, tokenizer.user] : [tokenizer.user]);
    told.turn("user");
    const recent = writer?.recent.filter((token) => !tokenizer.stops.includes(token)) ?? [];
    writer = new Writer(sam, joined(ids, tokenizer.sam), { ...options(seed + turns), stops: tokenizer.stops });
    writer.recent = [...recent, ...writer.recent].slice(-RECENT);
    turns += 1;
    yield* reading();
    told.turn("sam");
    yield* writing(LONGEST);
  }
  const forget = () => {
    sam.reset();
    past.clear();
    [writer, turns] = [null, 0];
  };
  return { text, turn, forget, options };
}

function joined(ids, last) {
  const out = new Int32Array(ids.length + 1);
  out.set(ids);
  out[ids.length] = last;
  return out;
}

/** A recording played as if it were a session. */
function* replaying(tape, past, told) {
  for (let t = 0; t < tape.steps; t++) {
    const { top, came, next, ...what } = tape.play(t);
    if (what.kind === "read") told.given(what.text === SIGNS[0] ? "" : what.text, past.count());
    else told.wrote(what.text, past.count());
    told.step(past.push(tape, { ...what, top, came, next, held: told.held() }));
    yield what.kind === "read" ? 0 : 1;
  }
}
